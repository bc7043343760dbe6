package dev.treering.history;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import dev.treering.history.HistoryWriter.Judged;
import dev.treering.support.Rows;
import org.apache.kafka.common.TopicPartition;

import static java.util.stream.Collectors.joining;

/**
 * Regrows the history from the trail in a schema beside the live one, and then puts it in its place. Facts are folded by the
 * writer's own merge, a portion a transaction, while the live history is read and written as ever. At the end the writer waits
 * for as long as the last few facts and the swap take; whoever reads never meets a table that is not there.
 */
@Singleton
public class Regrowth {

    /** Instead of a number of facts: somebody else holds what the step needs; try it again. */
    public static final int LATER = -1;

    private static final List<String> TABLES = List.of("project", "pipeline", "workflow", "job", "project_slug");
    private static final Set<String> HELD_BY_OTHERS = Set.of("55P03", "40P01");
    private static final int MOST_ATTEMPTS = 100;

    private final DataSource owner;
    private final Redrive redrive;

    Regrowth(@io.quarkus.agroal.DataSource("owner") DataSource owner, Redrive redrive) {
        this.owner = owner;
        this.redrive = redrive;
    }

    /** What becomes of what the live history knows and the trail does not tell: months were dropped, or bytes erased. */
    public enum Untold {
        /** Nothing is swapped. */
        REFUSE,
        /** It is carried over. */
        KEEP,
        /** It is forgotten. */
        DROP
    }

    /** Why the live history stays, for whoever asked. */
    public static final class Refused extends RuntimeException {

        Refused(String message) {
            super(message);
        }
    }

    /**
     * Begins anew, whatever is there of one that did not come to its end.
     *
     * @param by who wants it, and since when
     */
    public Growing begin(Untold untold, String by, Instant since) throws SQLException {
        Growing growing = new Growing(untold, by, since);
        Rows.inTransaction(owner, growing::begin);
        return growing;
    }

    /** Takes away what is there of one that did not come to its end. */
    public void tidy() throws SQLException {
        Rows.inTransaction(
                owner,
                connection -> execute(
                        connection, "drop schema if exists %s cascade".formatted(new Schemas(connection).beside)));
    }

    private static List<String> texts(Connection connection, String sql) throws SQLException {
        List<String> texts = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                texts.add(row.getString(1));
            }
        }
        return texts;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The schema of the live history and the one beside it, as SQL names them. */
    private static final class Schemas {

        private static final String INDEX = """
                select replace(pg_get_indexdef(i.indexrelid), ' ON ' || live || ' ', ' ON ' || beside || ' ')
                from t join pg_index i on i.indrelid = t.oid where i.indisvalid and\s""";

        private final String live;
        private final String beside;

        private Schemas(Connection connection) throws SQLException {
            List<String> names = texts(connection, """
                    select quote_ident(current_schema() || suffix) from unnest('{"",_regrown}'::text[]) as suffix""");
            live = names.get(0);
            beside = names.get(1);
        }

        private Stream<String> live() {
            return TABLES.stream().map(table -> live + "." + table);
        }

        /** Executes the statements that the query over the live tables {@code t} makes. */
        private void define(Connection connection, String query) throws SQLException {
            String tables = """
                    with t as (select c.*, format('%%s.%%I', '%s', relname) as live, format('%%s.%%I', '%s', relname) as beside
                        from pg_class c where oid = any('{%s}'::regclass[]))
                    """.formatted(
                    live.replace("'", "''"),
                    beside.replace("'", "''"),
                    live().map(name -> "\"" + name.replace("\"", "\\\"") + "\"").collect(joining(",")));
            for (String statement : texts(connection, tables + query)) {
                execute(connection, statement);
            }
        }

        /** Indexes have their own names there too: a later migration may speak of them. */
        private void create(Connection connection) throws SQLException {
            execute(connection, "drop schema if exists %1$s cascade; create schema %1$s".formatted(beside));
            define(
                    connection,
                    "select format('create table %s (like %s including all excluding indexes)', beside, live) from t");
            define(connection, INDEX + "i.indisunique");
            define(connection, """
                    select format('alter table %s add primary key using index %I', beside, x.relname)
                    from t join pg_index i on i.indrelid = t.oid join pg_class x on x.oid = i.indexrelid
                    where i.indisprimary""");
        }

        /** What filling goes faster without, and what LIKE does not copy. */
        private void complete(Connection connection) throws SQLException {
            define(connection, INDEX + "not i.indisunique");
            define(connection, """
                    select format('alter table %s set (%s)', beside, array_to_string(reloptions, ', '))
                    from t where reloptions is not null""");
            define(connection, """
                    select format('grant %s on %s to %s%s', privilege_type, beside,
                        case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
                        case when is_grantable then ' with grant option' else '' end)
                    from t, aclexplode(relacl) where grantee <> relowner""");
            define(connection, """
                    select format('alter table %s owner to %I', beside, pg_get_userbyid(relowner))
                    from t where pg_get_userbyid(relowner) <> current_user""");
            define(connection, "select 'analyze ' || beside from t");
        }
    }

    private enum Phase {
        DEAD_LETTERS,
        FOLD,
        COMPLETE,
        CATCH_UP,
        SWAP,
        DONE
    }

    /** Facts of a partition behind a place. */
    private record Range(TopicPartition partition, long offset, String appendedAt) {}

    /** One regrowth on its way. */
    public final class Growing {

        private final Untold untold;
        private final String by;
        private final Instant since;
        private final Deque<Range> ranges = new ArrayDeque<>();
        private Map<TopicPartition, Long> read = Map.of();
        private Phase phase = Phase.DEAD_LETTERS;
        private Schemas schemas;
        private String circumstances;
        private int passed;
        private int attempts;

        private Growing(Untold untold, String by, Instant since) {
            this.untold = untold;
            this.by = by;
            this.since = since;
        }

        public boolean isDone() {
            return phase == Phase.DONE;
        }

        private void begin(Connection connection) throws SQLException {
            schemas = new Schemas(connection);
            schemas.create(connection);
            circumstances = circumstances(connection);
        }

        // A log that begins anew is read from below the position, where we do not look again. What was erased must not
        // come back, also where its entry had been erased before.
        private String circumstances(Connection connection) throws SQLException {
            return texts(connection, """
                    select (select sum(replaced) from stream_position) || ' '
                        || (select count(*) || ' ' || coalesce(sum(('x' || left(md5(redacted_body), 15))::bit(60)::bigint), 0)
                            from trail where erased_digest is not null)""").toString();
        }

        /** Does some of it, as the caller's transaction; the number of facts read, or {@link #LATER}. */
        public int step(Connection connection) throws SQLException {
            int facts = 0;
            switch (phase) {
                case DEAD_LETTERS -> {
                    facts = redrive.some(
                            connection, by, "(d.tried_at is null or d.tried_at < ?::timestamptz)", since.toString());
                    if (facts == 0) {
                        pass(connection, Phase.FOLD);
                    }
                }
                case FOLD -> {
                    facts = fold(connection);
                    if (ranges.isEmpty()) {
                        phase = Phase.COMPLETE;
                    }
                }
                case COMPLETE -> {
                    schemas.complete(connection);
                    execute(
                            connection,
                            "create table %s.untold as %s"
                                    .formatted(
                                            schemas.beside,
                                            Stream.of(Table.values())
                                                    .map(this::untold)
                                                    .collect(joining(" union all "))));
                    pass(connection, Phase.CATCH_UP);
                }
                case CATCH_UP -> {
                    facts = fold(connection);
                    passed += facts;
                    if (ranges.isEmpty() && passed < Trail.PORTION) {
                        phase = Phase.SWAP;
                    } else if (ranges.isEmpty()) {
                        pass(connection, Phase.CATCH_UP);
                    }
                }
                case SWAP -> facts = swap(connection);
                case DONE -> throw new IllegalStateException("it is done");
            }
            return facts;
        }

        /** Begins to read all that was recorded since the last time. */
        private void pass(Connection connection, Phase next) throws SQLException {
            Map<TopicPartition, Long> now = new LinkedHashMap<>();
            try (PreparedStatement statement = connection.prepareStatement(
                            "select topic, partition, next_offset from stream_position order by topic, partition");
                    ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    now.put(new TopicPartition(row.getString(1), row.getInt(2)), row.getLong(3));
                }
            }
            now.keySet()
                    .forEach(partition ->
                            ranges.add(new Range(partition, read.getOrDefault(partition, 0L) - 1, "infinity")));
            read = now;
            passed = 0;
            phase = next;
        }

        private int fold(Connection connection) throws SQLException {
            execute(connection, "set local search_path to %s, %s".formatted(schemas.beside, schemas.live));
            int facts = 0;
            while (facts < Trail.PORTION && !ranges.isEmpty()) {
                Range range = ranges.remove();
                List<Fact> some = Trail.read(
                        connection,
                        """
                        select %s from trail t where topic = ? and partition = ?
                            and ("offset", appended_at) > (?, ?::timestamptz) and %s
                        order by "offset", appended_at limit %d""".formatted(Trail.FACT, Trail.FOLDED, Trail.PORTION),
                        range.partition.topic(),
                        range.partition.partition(),
                        range.offset,
                        range.appendedAt);
                if (!some.isEmpty()) {
                    Fact last = some.get(some.size() - 1);
                    ranges.addFirst(new Range(
                            range.partition, last.offset(), last.appendedAt().toString()));
                    fold(connection, some);
                }
                facts += some.size();
            }
            return facts;
        }

        // What this version cannot read, or PostgreSQL refuses, is missing here; if the live history has it, it is
        // untold.
        private void fold(Connection connection, List<Fact> facts) throws SQLException {
            List<Judged> readable = facts.stream()
                    .map(HistoryWriter::judge)
                    .filter(judged -> judged.unfoldable() == null)
                    .toList();
            HistoryWriter.inPieces(
                    connection,
                    readable,
                    piece -> {
                        List<Row> told = piece.stream()
                                .flatMap(judged -> judged.content().rows().stream())
                                .toList();
                        new Slugs().add(connection, told.stream());
                        for (var rows : HistoryWriter.merged(told).entrySet()) {
                            Upsert.merge(
                                    connection, rows.getKey(), rows.getValue().values());
                        }
                    },
                    (judged, refusal) -> {});
        }

        /** The live rows that say something newer than those regrown. */
        private String untold(Table table) {
            return "select '%1$s' as t, l.id from %2$s.%1$s l left join %3$s.%1$s r using (id) where (r.id is null or %4$s)"
                    .formatted(
                            table.sqlName(),
                            schemas.live,
                            schemas.beside,
                            table.groups().stream()
                                    .map(group ->
                                            "coalesce(l.%1$s, '') > coalesce(r.%1$s, '')".formatted(group.stampColumn))
                                    .collect(joining(" or ")));
        }

        private int swap(Connection connection) throws SQLException {
            Savepoint before = connection.setSavepoint();
            Map<TopicPartition, Long> readBefore = read;
            try {
                // From here on the writer waits, and so does whoever erases.
                execute(
                        connection,
                        "set local lock_timeout = '10s'; lock table stream_position, trail in exclusive mode");
                if (!circumstances(connection).equals(circumstances)) {
                    throw new Refused("Meanwhile Kafka's log began anew, or something was erased. Start it again");
                }
                int facts = 0;
                for (pass(connection, Phase.SWAP); !ranges.isEmpty(); ) {
                    facts += fold(connection);
                }
                execute(connection, "set local search_path to " + schemas.beside);
                settleUntold(connection);
                // Who asks for these tables meanwhile waits behind us: not for long, and sooner than a deadlock is
                // looked for.
                execute(
                        connection,
                        "set local lock_timeout = '300ms'; lock table %s in access exclusive mode; drop table %1$s"
                                .formatted(schemas.live().collect(joining(", "))));
                for (String table : TABLES) {
                    execute(
                            connection,
                            "alter table %s.%s set schema %s".formatted(schemas.beside, table, schemas.live));
                }
                execute(
                        connection,
                        "set local search_path to %s; drop schema %s cascade".formatted(schemas.live, schemas.beside));
                phase = Phase.DONE;
                return facts;
            } catch (SQLException e) {
                if (!HELD_BY_OTHERS.contains(e.getSQLState())) {
                    throw e;
                }
                if (++attempts == MOST_ATTEMPTS) {
                    throw new Refused("The tables were in use at each of %d attempts to swap them: %s"
                            .formatted(attempts, e.getMessage()));
                }
                connection.rollback(before);
                read = readBefore;
                ranges.clear();
                pass(connection, Phase.CATCH_UP);
                return LATER;
            }
        }

        private void settleUntold(Connection connection) throws SQLException {
            if (untold == Untold.REFUSE) {
                String count = Stream.of(Table.values())
                        .map(table ->
                                "select count(*) as n from (%s and id in (select id from untold where t = '%s')) as u"
                                        .formatted(untold(table), table.sqlName()))
                        .collect(joining(" union all "));
                String slugs =
                        "select count(*) from (select * from %1$s.project_slug except select * from project_slug) as s"
                                .formatted(schemas.live);
                String rows = texts(connection, "select sum(n) from (%s union all %s) as c".formatted(count, slugs))
                        .get(0);
                if (!rows.equals("0")) {
                    throw new Refused(
                            "%s rows of the live history know something that the trail does not tell (any more)."
                                            .formatted(rows)
                                    + " It stays. With untold=keep that is carried over, with untold=drop forgotten");
                }
            } else if (untold == Untold.KEEP) {
                for (Table table : Table.values()) {
                    Upsert.merge(
                            connection,
                            table,
                            "%s.%s where id in (select id from untold where t = '%2$s')"
                                    .formatted(schemas.live, table.sqlName()));
                }
                execute(
                        connection,
                        "insert into project_slug select * from %s.project_slug on conflict do nothing"
                                .formatted(schemas.live));
            }
        }
    }
}
