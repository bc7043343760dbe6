package dev.treering.history;

import java.security.MessageDigest;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

import jakarta.inject.Singleton;

import dev.treering.history.FactReader.Content;
import dev.treering.support.Copy;
import dev.treering.support.Digests;
import dev.treering.support.Rows;

/**
 * Appends facts to the trail and links each to the one before it in its topic partition. The link covers a salted digest
 * of the body: the bytes can be erased, salt and all, and the chain still holds.
 */
@Singleton
class Trail {

    private static final String COLUMNS = """
            trail (topic, partition, "offset", appended_at, key, event_id, type, source, receipt, received_at, secret_id,
                origin, told_by, pipeline_id, workflow_id, job_id, outcome, salt, body, salted_digest, chain, number)""";

    /** What {@link #read} needs of a row {@code t}; where bytes were erased, what stands for them. */
    static final String FACT = """
            t.topic, t.partition, t."offset", t.appended_at, t.key, t.event_id, t.type, t.source, t.receipt, t.received_at,
            t.secret_id, t.origin, coalesce(t.body, t.redacted_body) as body, t.erased_digest""";

    /** Whether the history has the row {@code t}: not what is dead, unless it was redriven. */
    static final String FOLDED = """
            (t.outcome <> 'dead' or exists (select from dead_letter d
                where (d.topic, d.partition, d."offset", d.appended_at) = (t.topic, t.partition, t."offset", t.appended_at)
                    and d.resolution in ('redriven', 'duplicate')))""";

    /** Facts of one transaction when many are read again: as many as a poll brings, and no more bytes. */
    static final int PORTION = 500;

    private static final long PORTION_BYTES = 8L * 1024 * 1024;

    private final SecureRandom random = new SecureRandom();
    // Months whose partition is known to be there; one entry a month of uptime.
    private final Set<YearMonth> months = ConcurrentHashMap.newKeySet();

    enum Outcome {
        APPLIED,
        DUPLICATE,
        DEAD;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** @param content null of what could not be read */
    record Entry(Fact fact, Outcome outcome, Content content) {

        private UUID one(Table table) {
            return content == null ? null : content.one(table);
        }
    }

    /** Appends the entries, in offset order per partition, and advances the chain heads in {@code positions}. */
    void append(Connection connection, List<Entry> entries, Positions positions) throws SQLException {
        List<Object[]> rows = new ArrayList<>(entries.size());
        for (Entry entry : entries) {
            Fact fact = entry.fact;
            ensurePartitions(connection, YearMonth.from(fact.appendedAt().atOffset(ZoneOffset.UTC)));
            byte[] salt = new byte[16];
            random.nextBytes(salt);
            byte[] saltedDigest = saltedDigest(salt, fact.body());
            byte[] link = link(positions.chainHead(fact), fact, saltedDigest);
            long number = positions.chain(fact, link);
            rows.add(new Object[] {
                fact.topic(),
                fact.partition(),
                fact.offset(),
                fact.appendedAt(),
                fact.key(),
                fact.eventId(),
                fact.type(),
                fact.source(),
                fact.receipt(),
                fact.receivedAt(),
                fact.secretId(),
                fact.origin(),
                entry.content == null ? null : entry.content.source(),
                entry.one(Table.PIPELINE),
                entry.one(Table.WORKFLOW),
                entry.one(Table.JOB),
                entry.outcome,
                salt,
                fact.body(),
                saltedDigest,
                link,
                number
            });
        }
        Copy.in(connection, COLUMNS, rows);
    }

    /** Those of the facts that stand here already, told by append time too: an offset may come to stand for another record. */
    Set<Fact> recorded(Connection connection, List<Fact> facts) throws SQLException {
        Set<Fact> recorded = new HashSet<>();
        if (facts.isEmpty()) {
            return recorded;
        }
        List<Object[]> keys = facts.stream()
                .map(fact -> new Object[] {fact.topic(), fact.partition(), fact.offset(), fact.appendedAt()})
                .toList();
        String sql = """
                select k.n from unnest(?::text[], ?::int[], ?::bigint[], ?::timestamptz[]) with ordinality as k(t, p, o, a, n)
                join trail t on t.topic = k.t and t.partition = k.p and t."offset" = k.o and t.appended_at = k.a""";
        try (PreparedStatement statement = Rows.prepare(connection, sql, keys);
                ResultSet result = statement.executeQuery()) {
            while (result.next()) {
                recorded.add(facts.get(result.getInt(1) - 1));
            }
        }
        return recorded;
    }

    /** The first facts that the query finds, as they were read from Kafka; at least one where there are some. */
    static List<Fact> read(Connection connection, String sql, Object... values) throws SQLException {
        List<Fact> facts = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            // Bodies may be large: those beyond the portion are not fetched.
            statement.setFetchSize(64);
            try (ResultSet row = statement.executeQuery()) {
                for (long bytes = 0; bytes < PORTION_BYTES && row.next(); ) {
                    Fact fact = fact(row);
                    facts.add(fact);
                    bytes += fact.body() == null ? 0 : fact.body().length;
                }
            }
        }
        return facts;
    }

    private static Fact fact(ResultSet row) throws SQLException {
        byte[] body = row.getBytes("body");
        byte[] erased = row.getBytes("erased_digest");
        return new Fact(
                row.getString("topic"),
                row.getInt("partition"),
                row.getLong("offset"),
                Rows.instant(row, "appended_at"),
                row.getString("key"),
                row.getString("event_id"),
                row.getString("type"),
                row.getString("source"),
                row.getString("receipt"),
                Rows.instant(row, "received_at"),
                row.getString("secret_id"),
                row.getString("origin"),
                body,
                erased != null || body == null ? erased : Digests.sha256().digest(body),
                null,
                null);
    }

    private void ensurePartitions(Connection connection, YearMonth month) throws SQLException {
        if (months.contains(month)) {
            return;
        }
        // The month after too: at the turn of a month nobody should wait for a lock on the whole trail.
        for (YearMonth wanted : List.of(month, month.plusMonths(1))) {
            try (var statement = connection.prepareStatement("select trail_partition(?::date)")) {
                statement.setString(1, wanted.atDay(1).toString());
                statement.execute();
            }
        }
        months.add(month);
    }

    /** The months may have been made by a transaction that was rolled back: look again. */
    void forget() {
        months.clear();
    }

    static byte[] saltedDigest(byte[] salt, byte[] body) {
        MessageDigest sha256 = Digests.sha256();
        sha256.update(salt);
        return sha256.digest(body);
    }

    static byte[] link(byte[] before, Fact fact, byte[] saltedDigest) {
        return Chain.link(
                before,
                saltedDigest,
                fact.topic(),
                fact.partition(),
                fact.offset(),
                fact.appendedAt().toEpochMilli(),
                fact.key(),
                fact.eventId(),
                fact.type(),
                fact.source(),
                fact.receipt(),
                fact.receivedAt(),
                fact.secretId(),
                fact.origin());
    }
}
