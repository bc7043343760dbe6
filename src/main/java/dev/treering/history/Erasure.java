package dev.treering.history;

import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import dev.treering.event.Topics;
import dev.treering.support.Digests;
import dev.treering.support.Rows;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Takes persons out of the trail: the bytes of an entry go, and what is kept is its body without them. Its link holds, for
 * that is over a salted digest; its stamps stay, for the digest of the body as it was is kept; and the rows that were told by
 * it are told anew. So the history remains what the trail says, and a regrown one is the same.
 */
@Singleton
public class Erasure {

    private static final int PORTION = 100;
    private static final String DIGEST = "coalesce(erased_digest, sha256(body))";
    private static final String OURS = "topic in ('%s', '%s')".formatted(Topics.WEBHOOKS, Topics.SNAPSHOTS);

    // What waits in Kafka comes into the trail in this time, unless the workers are behind.
    private static final int LONGEST_WAIT_SECONDS = 5;

    private final DataSource owner;
    private final Unread unread;

    Erasure(@io.quarkus.agroal.DataSource("owner") DataSource owner, Unread unread) {
        this.owner = owner;
        this.unread = unread;
    }

    /** A place in the trail. */
    public record Place(String topic, int partition, long offset) {}

    /** One of these, the others null: a person's words, a project of which everybody goes, or an entry and its copies. */
    public record Subject(List<String> person, UUID project, Place entry) {}

    /**
     * What would be, or was, erased.
     *
     * @param state {@code running}, {@code planned}, {@code done}, or {@code failed} with a {@code problem}
     * @param scanned entries that were looked at so far
     * @param entries of the trail that name whoever is to go
     * @param rows of the history that do
     * @param waiting records in the outbox that do
     * @param beside other names, logins and addresses that stand beside the given ones: probably the same person's
     * @param problem why it failed; else what it could not see, so that it is to be asked for again
     */
    public record Report(
            String state,
            long scanned,
            long entries,
            long rows,
            long waiting,
            Instant oldest,
            Instant newest,
            Set<String> beside,
            String problem) {

        public static Report failed(String problem) {
            return new Report("failed", 0, 0, 0, 0, null, null, null, problem);
        }
    }

    /** Signs a statement; null without a key. */
    public interface Signer {

        byte[] sign(String... statement);
    }

    public interface Progress {

        void tell(Report report) throws IOException;
    }

    /** What an erasure's signature signs: whose bytes went, by number and digest, and what stands for them. */
    public static String[] statement(String topic, int partition, long number, String erased, String redacted) {
        return new String[] {
            "treering erasure", topic, Integer.toString(partition), Long.toString(number), erased, redacted
        };
    }

    /** An entry without its person. */
    private record Redacted(Fact fact, byte[] body, byte[] signature) {}

    /** Whether there is something at the place that persons can be taken out of. */
    public boolean knows(Place place) throws SQLException {
        try (Connection connection = owner.getConnection();
                PreparedStatement statement = connection.prepareStatement(
                        "select exists (select from trail where %s and topic = ? and partition = ? and \"offset\" = ?)"
                                .formatted(OURS))) {
            place(statement, 1, place);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        }
    }

    private static void place(PreparedStatement statement, int first, Place place) throws SQLException {
        statement.setString(first, place.topic);
        statement.setInt(first + 1, place.partition);
        statement.setLong(first + 2, place.offset);
    }

    /** Asked again after it broke off, it goes on. */
    public Report erase(Subject subject, boolean dryRun, Signer signer, Progress progress)
            throws SQLException, IOException, InterruptedException {
        return new Run(subject, dryRun, signer, progress).run();
    }

    private final class Run {

        private final Subject subject;
        private final boolean dryRun;
        private final Signer signer;
        private final Progress progress;
        private final Redaction redaction;
        private final List<Redacted> portion = new ArrayList<>();
        private long scanned;
        private long entries;
        private long rows;
        private long waiting;
        private String problem;
        private Instant oldest;
        private Instant newest;

        Run(Subject subject, boolean dryRun, Signer signer, Progress progress) {
            this.subject = subject;
            this.dryRun = dryRun;
            this.signer = signer;
            this.progress = progress;
            redaction = subject.person() == null ? Redaction.ofEverybody() : Redaction.of(subject.person());
        }

        Report run() throws SQLException, IOException, InterruptedException {
            // What waits for Kafka, or in it, would come into the trail later.
            eraseWaiting();
            awaitKafka();
            // Before the entries: what they tell is told anew after them, by the same stamps.
            if (subject.entry() == null) {
                eraseRows();
            }
            try (Connection reading = owner.getConnection()) {
                reading.setAutoCommit(false);
                try (PreparedStatement statement = found(reading, """
                        select topic, partition, "offset", appended_at, number, event_id, coalesce(body, redacted_body) as body,
                            %s as digest
                        from trail where %%s""".formatted(DIGEST), "event_id", DIGEST)) {
                    statement.setFetchSize(50);
                    try (ResultSet row = statement.executeQuery()) {
                        while (row.next()) {
                            look(row);
                        }
                    }
                } finally {
                    reading.rollback();
                }
            }
            flush();
            return report(dryRun ? "planned" : "done");
        }

        private void awaitKafka() throws SQLException, IOException, InterruptedException {
            try {
                Map<TopicPartition, Long> ends = unread.ends();
                long behind = unread.before(ends);
                for (int tries = 10 * LONGEST_WAIT_SECONDS; behind > 0 && tries > 0; tries--) {
                    progress.tell(report("running"));
                    Thread.sleep(100);
                    behind = unread.before(ends);
                }
                problem = behind == 0
                        ? null
                        : "%d records of Kafka are not in the trail yet, and nobody looked at them: ask again when they are"
                                .formatted(behind);
            } catch (KafkaException e) {
                problem =
                        "Kafka does not say what the trail has still to read, and nobody looked at that: ask again when it"
                                + " does (" + e.getMessage() + ")";
            }
        }

        private void eraseRows() throws SQLException, IOException {
            RowErasure history = new RowErasure(redaction, subject.project(), dryRun);
            for (Table table : RowErasure.TABLES) {
                UUID[] last = {new UUID(0, 0)};
                while (last[0] != null) {
                    Rows.inTransaction(owner, connection -> last[0] = history.some(connection, table, last[0]));
                    rows = history.found();
                    progress.tell(report("running"));
                }
            }
        }

        /**
         * What may name whoever is to go.
         *
         * @param select SQL, with {@code %s} for which
         * @param id of its event, and the {@code digest} of its body, as SQL: by both, copies of a delivery are known
         */
        private PreparedStatement found(Connection connection, String select, String id, String digest)
                throws SQLException {
            if (subject.project() != null) {
                PreparedStatement ofProject = connection.prepareStatement(select.formatted(OURS + " and key = ?"));
                ofProject.setString(1, subject.project().toString());
                return ofProject;
            }
            if (subject.entry() != null) {
                // The id first: it costs nothing to compare.
                String one =
                        "(select %s from trail where topic = ? and partition = ? and \"offset\" = ? order by appended_at desc limit 1)";
                PreparedStatement copies = connection.prepareStatement(select.formatted(OURS + " and " + id
                        + " is not distinct from " + one.formatted("event_id") + " and " + digest + " = "
                        + one.formatted(DIGEST)));
                place(copies, 1, subject.entry());
                place(copies, 4, subject.entry());
                return copies;
            }
            return connection.prepareStatement(select.formatted(OURS));
        }

        private void look(ResultSet row) throws SQLException, IOException {
            scanned++;
            byte[] body = row.getBytes("body");
            byte[] redacted = redaction.apply(body);
            if (redacted != null) {
                requireSameRows(row, body, redacted);
                entries++;
                Instant at = Rows.instant(row, "appended_at");
                oldest = oldest == null || at.isBefore(oldest) ? at : oldest;
                newest = newest == null || at.isAfter(newest) ? at : newest;
                if (!dryRun) {
                    portion.add(redacted(row, at, redacted, row.getBytes("digest")));
                }
                if (portion.size() == PORTION) {
                    flush();
                }
            }
            progress.tell(report("running"));
        }

        /** The history is regrown from what stands for the body. */
        private void requireSameRows(ResultSet row, byte[] body, byte[] redacted) throws SQLException {
            String topic = row.getString("topic");
            List<String> told = rows(Fact.said(topic, body));
            if (!told.isEmpty() && !told.equals(rows(Fact.said(topic, redacted)))) {
                throw new IllegalStateException(
                        "%s/%d offset %d would tell of other rows without the person, so it stays as it is"
                                .formatted(topic, row.getInt("partition"), row.getLong("offset")));
            }
        }

        private static List<String> rows(Fact fact) {
            FactReader.Content content = HistoryWriter.judge(fact).content();
            return content == null
                    ? List.of()
                    : content.rows().stream()
                            .map(told -> told.table() + " " + told.id())
                            .toList();
        }

        private Redacted redacted(ResultSet row, Instant at, byte[] body, byte[] digest) throws SQLException {
            String topic = row.getString("topic");
            int partition = row.getInt("partition");
            Fact fact = new Fact(
                    topic,
                    partition,
                    row.getLong("offset"),
                    at,
                    null,
                    row.getString("event_id"),
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    body,
                    digest,
                    null,
                    null);
            HexFormat hex = HexFormat.of();
            return new Redacted(
                    fact,
                    body,
                    signer.sign(statement(
                            topic,
                            partition,
                            row.getLong("number"),
                            hex.formatHex(digest),
                            hex.formatHex(Digests.sha256().digest(body)))));
        }

        private void flush() throws SQLException {
            if (!portion.isEmpty()) {
                Rows.inTransaction(owner, this::eraseEntries);
                portion.clear();
            }
        }

        private void eraseEntries(Connection connection) throws SQLException {
            Rows.execute(connection, "set local treering.erasing = 'on'");
            Rows.update(
                    connection,
                    """
                    update trail t set body = null, salt = null, redacted_body = u.r, erased_digest = u.d, erased_signature = u.s
                    from unnest(?::text[], ?::int[], ?::bigint[], ?::timestamptz[], ?::bytea[], ?::bytea[], ?::bytea[])
                        as u(t, p, o, a, r, d, s)
                    where t.topic = u.t and t.partition = u.p and t."offset" = u.o and t.appended_at = u.a""",
                    portion.stream()
                            .map(one -> new Object[] {
                                one.fact.topic(),
                                one.fact.partition(),
                                one.fact.offset(),
                                one.fact.appendedAt(),
                                one.body,
                                one.fact.digest(),
                                one.signature
                            })
                            .toList());
            // The reason may quote the body.
            Rows.update(
                    connection,
                    """
                    update dead_letter d set detail = 'erased'
                    from unnest(?::text[], ?::int[], ?::bigint[], ?::timestamptz[]) as u(t, p, o, a)
                    where d.topic = u.t and d.partition = u.p and d."offset" = u.o and d.appended_at = u.a""",
                    portion.stream()
                            .map(one -> new Object[] {
                                one.fact.topic(), one.fact.partition(), one.fact.offset(), one.fact.appendedAt()
                            })
                            .toList());
            List<Row> told = portion.stream()
                    .map(one -> HistoryWriter.judge(one.fact))
                    .filter(judged -> judged.content() != null)
                    .flatMap(judged -> judged.content().rows().stream())
                    .toList();
            // In the order in which the writer locks them.
            for (var rows : HistoryWriter.merged(told).values()) {
                for (Row row : rows.values()) {
                    retell(connection, row);
                }
            }
        }

        /** Puts what the fact says now in the place of what it said before, where that still stands: by the very same stamp. */
        private void retell(Connection connection, Row row) throws SQLException {
            for (var said : row.said().entrySet()) {
                Group group = said.getKey();
                List<Object> values = new ArrayList<>();
                for (Object value : said.getValue().values()) {
                    values.add(value == null ? null : value.toString());
                }
                values.add(row.id());
                values.add(said.getValue().stamp());
                String sets = group.columns.stream()
                        .map(column -> "%s = cast(? as %s)".formatted(column.name(), column.type()))
                        .collect(Collectors.joining(", "));
                Rows.execute(
                        connection,
                        "update %s set %s where id = ? and %s = ?"
                                .formatted(row.table().sqlName(), sets, group.stampColumn),
                        values.toArray());
            }
        }

        private void eraseWaiting() throws SQLException {
            long[] last = {-1};
            for (long after = -2; after < last[0]; ) {
                after = last[0];
                Rows.inTransaction(owner, connection -> last[0] = eraseWaiting(connection, last[0]));
            }
        }

        /** Some of the records behind the given one; the last of them. */
        private long eraseWaiting(Connection connection, long after) throws SQLException {
            long last = after;
            List<Object[]> redacted = new ArrayList<>();
            try (PreparedStatement statement = found(
                    connection,
                    "select id, value from outbox where %%s and id > %d order by id limit %d%s"
                            .formatted(after, PORTION, dryRun ? "" : " for update"),
                    "headers ->> 'ce_id'",
                    "sha256(value)")) {
                statement.setFetchSize(10);
                try (ResultSet row = statement.executeQuery()) {
                    while (row.next()) {
                        last = row.getLong(1);
                        byte[] without = redaction.apply(row.getBytes(2));
                        if (without != null) {
                            waiting++;
                            redacted.add(new Object[] {last, without});
                        }
                    }
                }
            }
            if (!dryRun) {
                Rows.update(
                        connection,
                        "update outbox o set value = u.v from unnest(?::bigint[], ?::bytea[]) as u(i, v) where o.id = u.i",
                        redacted);
            }
            return last;
        }

        private Report report(String state) {
            return new Report(
                    state, scanned, entries, rows, waiting, oldest, newest, new TreeSet<>(redaction.beside()), problem);
        }
    }
}
