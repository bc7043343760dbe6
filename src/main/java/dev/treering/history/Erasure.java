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
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import dev.treering.event.Topics;
import dev.treering.support.Digests;
import dev.treering.support.Rows;

/**
 * Takes persons out of the trail: the bytes of an entry go, and what is kept is its body without them. Its link holds, for
 * that is over a salted digest; its stamps stay, for the digest of the body as it was is kept; and the rows that were told by
 * it are told anew. So the history remains what the trail says, and a regrown one is the same.
 */
@Singleton
public class Erasure {

    private static final int PORTION = 100;
    private static final String OURS = "topic in ('%s', '%s')".formatted(Topics.WEBHOOKS, Topics.SNAPSHOTS);

    private final DataSource owner;

    Erasure(@io.quarkus.agroal.DataSource("owner") DataSource owner) {
        this.owner = owner;
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
     * @param waiting records in the outbox that do
     * @param beside other names, logins and addresses that stand beside the given ones: probably the same person's
     */
    public record Report(
            String state,
            long scanned,
            long entries,
            long waiting,
            Instant oldest,
            Instant newest,
            Set<String> beside,
            String problem) {}

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

    /** Asked again after it broke off, it goes on. */
    public Report erase(Subject subject, boolean dryRun, Signer signer, Progress progress)
            throws SQLException, IOException {
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
        private long waiting;
        private Instant oldest;
        private Instant newest;

        Run(Subject subject, boolean dryRun, Signer signer, Progress progress) {
            this.subject = subject;
            this.dryRun = dryRun;
            this.signer = signer;
            this.progress = progress;
            redaction = subject.person() == null ? Redaction.ofEverybody() : Redaction.of(subject.person());
        }

        Report run() throws SQLException, IOException {
            // What waits for Kafka would come into the trail later.
            Rows.inTransaction(owner, this::eraseWaiting);
            try (Connection reading = owner.getConnection()) {
                reading.setAutoCommit(false);
                try (PreparedStatement statement = found(reading)) {
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

        private PreparedStatement found(Connection connection) throws SQLException {
            String all = """
                    select topic, partition, "offset", appended_at, number, event_id, coalesce(body, redacted_body) as body,
                        coalesce(erased_digest, sha256(body)) as digest
                    from trail
                    where %s""".formatted(OURS);
            if (subject.project() != null) {
                PreparedStatement ofProject = connection.prepareStatement(all + " and key = ?");
                ofProject.setString(1, subject.project().toString());
                return ofProject;
            }
            if (subject.entry() != null) {
                // The id first: it costs nothing to compare.
                String one =
                        "(select %s from trail where topic = ? and partition = ? and \"offset\" = ? order by appended_at desc limit 1)";
                PreparedStatement copies = connection.prepareStatement(all + " and event_id is not distinct from "
                        + one.formatted("event_id") + " and coalesce(erased_digest, sha256(body)) = "
                        + one.formatted("coalesce(erased_digest, sha256(body))"));
                for (int i : new int[] {1, 4}) {
                    copies.setString(i, subject.entry().topic());
                    copies.setInt(i + 1, subject.entry().partition());
                    copies.setLong(i + 2, subject.entry().offset());
                }
                return copies;
            }
            return connection.prepareStatement(all);
        }

        private void look(ResultSet row) throws SQLException, IOException {
            scanned++;
            byte[] redacted = redaction.apply(row.getBytes("body"));
            if (redacted != null) {
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

        private void eraseWaiting(Connection connection) throws SQLException {
            List<Object[]> redacted = new ArrayList<>();
            String key = subject.project() == null ? "" : " and key = '%s'".formatted(subject.project());
            if (subject.entry() != null) {
                return;
            }
            try (PreparedStatement statement = connection.prepareStatement(
                    "select id, value from outbox where " + OURS + key + " order by id for update")) {
                statement.setFetchSize(50);
                try (ResultSet row = statement.executeQuery()) {
                    while (row.next()) {
                        byte[] without = redaction.apply(row.getBytes(2));
                        if (without != null) {
                            waiting++;
                            redacted.add(new Object[] {row.getLong(1), without});
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
        }

        private Report report(String state) {
            return new Report(
                    state, scanned, entries, waiting, oldest, newest, new TreeSet<>(redaction.beside()), null);
        }
    }
}
