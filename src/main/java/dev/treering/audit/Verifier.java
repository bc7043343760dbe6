package dev.treering.audit;

import java.io.IOException;
import java.security.PublicKey;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.treering.audit.Checkpoints.Read;
import dev.treering.event.Topics;
import dev.treering.history.Chain;
import dev.treering.history.Erasure;
import dev.treering.support.Rows;

/**
 * Walks every chain of the trail from its beginning, entry by entry, and holds it against the checkpoints that stand outside
 * the database. PostgreSQL hashes the bodies, so that none travels; memory is that of one portion of entries.
 */
@Singleton
public class Verifier {

    private static final int PORTION = 1_000;

    private static final String ENTRIES = """
            select number, "offset", appended_at, key, event_id, type, source, receipt, received_at, secret_id, origin, salted_digest,
                chain, body is null as bodiless, case when body is null
                    then salt is null and num_nulls(redacted_body, erased_digest) = 0
                    else octet_length(salt) = 16 and sha256(salt || body) = salted_digest
                        and num_nonnulls(redacted_body, erased_digest, erased_signature) = 0 end as genuine,
                encode(sha256(redacted_body), 'hex') as redacted, encode(erased_digest, 'hex') as erased, erased_signature
            from trail where topic = ? and partition = ? and (number, "offset", appended_at) > (?, ?, ?::timestamptz)
                and number <= ?
            order by number, "offset", appended_at limit %d""".formatted(PORTION);

    /**
     * Every chain there is an entry or a position of, with what its position says and whether entries stand behind that: by the
     * last number, for whether any is larger PostgreSQL finds out by reading all of the trail.
     */
    private static final String CHAINS = """
            with recursive found as (
                (select topic, partition from trail order by topic, partition limit 1)
                union all
                select n.topic, n.partition from found f, lateral (
                    select topic, partition from trail where (topic, partition) > (f.topic, f.partition)
                    order by topic, partition limit 1) as n)
            select topic, partition, coalesce(s.entries, 0), coalesce(s.chain_head, ''), coalesce(s.entries, 0) < (
                select t.number from trail t where t.topic = c.topic and t.partition = c.partition
                order by t.number desc limit 1)
            from (select topic, partition from found union select topic, partition from stream_position) as c
                left join stream_position s using (topic, partition)
            where topic = coalesce(?, topic) and partition = coalesce(?, partition)
            order by topic, partition""";

    /** The link that a checkpoint tells of, as it is stored, and the length of its chain. */
    private static final String STORED = """
            select k.i, coalesce(t.chain, a.chain), coalesce(s.entries, 0)
            from unnest(?::text[], ?::int[], ?::bigint[]) with ordinality as k(t, p, n, i)
                left join stream_position s on s.topic = k.t and s.partition = k.p
                left join trail t on t.topic = k.t and t.partition = k.p and t.number = k.n
                left join trail_anchor a on a.topic = k.t and a.partition = k.p and a.last = k.n
            order by k.i""";

    private final DataSource database;
    private final Checkpoints checkpoints;

    Verifier(DataSource database, Checkpoints checkpoints) {
        this.database = database;
        this.checkpoints = checkpoints;
    }

    /** What was done to a chain, as far as its entries tell. */
    public enum Kind {
        CHANGED,
        DELETED,
        INSERTED,
        REORDERED,
        TRUNCATED,
        /** All of it fits together, and is not what was signed. */
        CONTRADICTED,
        /** A checkpoint, a dropped month or an erasure that no trusted key has signed. */
        UNSIGNED;

        @JsonValue
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * The first entry of a chain that is not as it was.
     *
     * @param number its place in the chain, from 1
     * @param offset of its record in Kafka; null, as its time, where the entry itself is gone
     */
    public record Broken(
            String topic, int partition, long number, Long offset, Instant appendedAt, Kind kind, String detail) {}

    /**
     * How far a verification is, or what it found.
     *
     * @param state {@code running}, {@code intact}, {@code broken}, or {@code failed} with a {@code problem}
     * @param entries walked so far, of {@code total}; {@code erased} of them have lost their bytes
     * @param checkpoints that were held against the trail, the last of {@code lastCheckpoint}; without one the end of a chain
     *     can be cut off unseen
     * @param broken the first broken entry of each chain that has one
     */
    public record Report(
            String state,
            long entries,
            long total,
            long erased,
            int chains,
            long checkpoints,
            Instant lastCheckpoint,
            List<Broken> broken,
            String problem) {}

    /** @param beyond whether entries stand behind its end */
    private record Position(String topic, int partition, long entries, byte[] head, boolean beyond) {

        Broken broken(long number, Kind kind, String detail) {
            return new Broken(topic, partition, number, null, null, kind, detail);
        }

        Broken broken(Entry entry, Kind kind, String detail) {
            return new Broken(topic, partition, entry.number, entry.offset, entry.appendedAt, kind, detail);
        }
    }

    private record Entry(
            long number,
            long offset,
            Instant appendedAt,
            Object[] fields,
            byte[] saltedDigest,
            byte[] chain,
            boolean bodiless,
            boolean genuine,
            String redacted,
            String erased,
            byte[] signature) {

        boolean follows(byte[] before) {
            return Arrays.equals(Chain.link(before, saltedDigest, fields), chain);
        }
    }

    interface Progress {

        void tell(Report report) throws IOException;
    }

    /**
     * @param topic null for all chains, as {@code partition}
     * @param trusted whose signatures hold; where there are none, checkpoints say nothing
     */
    Report verify(String topic, Integer partition, List<PublicKey> trusted, Progress progress)
            throws SQLException, IOException {
        return new Verification(trusted, progress).run(topic, partition);
    }

    /** One walk over all of it. */
    private final class Verification {

        private final List<PublicKey> trusted;
        private final Progress progress;
        private final Map<String, Broken> broken = new TreeMap<>();
        private long entries;
        private long total;
        private long erased;
        private int chains;
        private long held;
        private Instant lastHeld;

        Verification(List<PublicKey> trusted, Progress progress) {
            this.trusted = trusted;
            this.progress = progress;
        }

        Report run(String topic, Integer partition) throws SQLException, IOException {
            try (Connection connection = database.getConnection()) {
                // Before the positions are read: what was signed was there already.
                if (!trusted.isEmpty()) {
                    checkpoints.readAll(read -> hold(connection, read, topic, partition));
                }
                List<Position> positions = positions(connection, topic, partition);
                total = positions.stream().mapToLong(Position::entries).sum();
                for (Position position : positions) {
                    chains++;
                    Broken found = walk(connection, position);
                    if (found != null) {
                        found(found);
                    }
                }
            }
            if ((topic != null || partition != null) && chains == 0 && broken.isEmpty()) {
                // A topic that is misspelt must not count as one that holds.
                throw new IOException("There is no chain of topic %s and partition %s"
                        .formatted(topic == null ? "*" : topic, partition == null ? "*" : partition));
            }
            return report(broken.isEmpty() ? "intact" : "broken");
        }

        private Report report(String state) {
            return new Report(
                    state, entries, total, erased, chains, held, lastHeld, List.copyOf(broken.values()), null);
        }

        private void found(Broken one) {
            broken.merge(one.topic + "/" + one.partition, one, (a, b) -> a.number <= b.number ? a : b);
        }

        private List<Position> positions(Connection connection, String topic, Integer partition) throws SQLException {
            List<Position> positions = new ArrayList<>();
            // One statement, one moment: whoever adds an entry moves the position with it.
            try (PreparedStatement statement = connection.prepareStatement(CHAINS)) {
                statement.setString(1, topic);
                statement.setObject(2, partition, Types.INTEGER);
                try (ResultSet row = statement.executeQuery()) {
                    while (row.next()) {
                        positions.add(new Position(
                                row.getString(1), row.getInt(2), row.getLong(3), row.getBytes(4), row.getBoolean(5)));
                    }
                }
            }
            return positions;
        }

        /** The first broken entry of the chain; null where it holds. */
        private Broken walk(Connection connection, Position chain) throws SQLException, IOException {
            byte[] head = {};
            byte[] before = null;
            Entry last = null;
            long next = 1;
            for (List<Entry> portion = portion(connection, chain, null);
                    !portion.isEmpty();
                    portion = portion(connection, chain, portion.get(portion.size() - 1))) {
                for (Entry entry : portion) {
                    while (entry.number > next) {
                        Anchor anchor = anchor(connection, chain, next);
                        if (anchor == null) {
                            return chain.broken(
                                    next, Kind.DELETED, "entries before offset " + entry.offset + " are gone");
                        }
                        if (!anchor.holds) {
                            return chain.broken(
                                    next, Kind.UNSIGNED, "nobody trusted has signed that a month was dropped");
                        }
                        before = null;
                        head = anchor.chain;
                        next = anchor.last + 1;
                    }
                    if (entry.number < next) {
                        return chain.broken(entry, Kind.INSERTED, "another entry has the same place");
                    }
                    if (!entry.follows(head)) {
                        return before != null && entry.follows(before)
                                ? chain.broken(last, Kind.INSERTED, "the entry after it follows the one before it")
                                : classify(connection, chain, entry, last, head);
                    }
                    if (!entry.genuine) {
                        return chain.broken(
                                entry,
                                Kind.CHANGED,
                                entry.bodiless ? "its bytes are gone and were not erased" : "its bytes are others");
                    }
                    if (entry.bodiless && !trusted.isEmpty() && !erasedByUs(chain, entry)) {
                        return chain.broken(entry, Kind.UNSIGNED, "nobody trusted has signed that it was erased");
                    }
                    erased += entry.bodiless ? 1 : 0;
                    entries++;
                    before = head;
                    head = entry.chain;
                    last = entry;
                    next++;
                }
                progress.tell(report("running"));
            }
            for (Anchor anchor; next <= chain.entries; next = anchor.last + 1, head = anchor.chain) {
                anchor = anchor(connection, chain, next);
                if (anchor == null || !anchor.holds) {
                    return chain.broken(next, Kind.TRUNCATED, "the chain had %d entries".formatted(chain.entries));
                }
            }
            if (!Arrays.equals(head, chain.head)) {
                return chain.broken(chain.entries, Kind.CHANGED, "the position of the chain has another link for it");
            }
            return chain.beyond
                    ? chain.broken(chain.entries + 1, Kind.INSERTED, "it stands behind the end of the chain")
                    : null;
        }

        /** Looks through the whole chain for who should stand here, and for where this one should. */
        private Broken classify(Connection connection, Position chain, Entry entry, Entry last, byte[] head)
                throws SQLException, IOException {
            boolean rightOneElsewhere = false;
            boolean belongsElsewhere = entry.follows(new byte[0]);
            for (List<Entry> portion = portion(connection, chain, null);
                    !portion.isEmpty();
                    portion = portion(connection, chain, portion.get(portion.size() - 1))) {
                for (Entry other : portion) {
                    rightOneElsewhere |= other.follows(head);
                    belongsElsewhere |= entry.follows(other.chain);
                }
                progress.tell(report("running"));
            }
            if (rightOneElsewhere) {
                return belongsElsewhere
                        ? chain.broken(entry, Kind.REORDERED, "another one should stand here, and this one elsewhere")
                        : chain.broken(entry, Kind.INSERTED, "another one should stand here");
            }
            boolean gap = last != null && entry.genuine && entry.offset > last.offset + 1;
            return chain.broken(
                    entry,
                    gap ? Kind.DELETED : Kind.CHANGED,
                    "it does not follow the one before: either was changed, or what stood between them is gone");
        }

        private boolean erasedByUs(Position chain, Entry entry) {
            return Seal.holds(
                    trusted,
                    entry.signature,
                    Erasure.statement(chain.topic, chain.partition, entry.number, entry.erased, entry.redacted));
        }

        /** Months that were dropped, from the given entry on. */
        private Anchor anchor(Connection connection, Position chain, long first) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement("""
                    select last, chain, month, signature from trail_anchor
                    where topic = ? and partition = ? and first = ? and last >= first""")) {
                statement.setString(1, chain.topic);
                statement.setInt(2, chain.partition);
                statement.setLong(3, first);
                try (ResultSet row = statement.executeQuery()) {
                    if (!row.next()) {
                        return null;
                    }
                    String[] stated = RetentionJob.statement(
                            chain.topic, chain.partition, first, row.getLong(1), row.getBytes(2), row.getString(3));
                    return new Anchor(
                            row.getLong(1),
                            row.getBytes(2),
                            trusted.isEmpty() || Seal.holds(trusted, row.getBytes(4), stated));
                }
            }
        }

        /** Holds checkpoints against the entries they tell of. The walk finds what does not fit among those themselves. */
        private void hold(Connection connection, List<Read> read, String topic, Integer partition) throws SQLException {
            List<Checkpoint> signed = new ArrayList<>();
            for (Read one : read) {
                Checkpoint checkpoint = one.checkpoint();
                if (checkpoint == null || !checkpoint.isSignedByOneOf(trusted)) {
                    found(new Broken(
                            Topics.CHECKPOINTS,
                            one.partition(),
                            one.offset() + 1,
                            one.offset(),
                            null,
                            Kind.UNSIGNED,
                            "nobody trusted has signed this checkpoint"));
                } else if ((topic == null || topic.equals(checkpoint.topic()))
                        && (partition == null || partition == checkpoint.partition())) {
                    signed.add(checkpoint);
                }
            }
            if (signed.isEmpty()) {
                return;
            }
            List<Object[]> keys = signed.stream()
                    .map(one -> new Object[] {one.topic(), one.partition(), one.entries()})
                    .toList();
            try (PreparedStatement statement = Rows.prepare(connection, STORED, keys);
                    ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    Checkpoint checkpoint = signed.get(row.getInt(1) - 1);
                    held++;
                    lastHeld = checkpoint.time();
                    byte[] stored = row.getBytes(2);
                    if (checkpoint.entries() > row.getLong(3)) {
                        found(contradicted(
                                checkpoint, row.getLong(3) + 1, Kind.TRUNCATED, "the chain had %d entries then"));
                    } else if (stored != null
                            && !HexFormat.of().formatHex(stored).equals(checkpoint.chainHead())) {
                        found(contradicted(
                                checkpoint,
                                checkpoint.entries(),
                                Kind.CONTRADICTED,
                                "entries up to this one, %d, are others"));
                    }
                }
            }
        }

        private Broken contradicted(Checkpoint checkpoint, long number, Kind kind, String how) {
            return new Broken(
                    checkpoint.topic(),
                    checkpoint.partition(),
                    number,
                    null,
                    null,
                    kind,
                    "signed at %s: ".formatted(checkpoint.time()) + how.formatted(checkpoint.entries()));
        }
    }

    private record Anchor(long last, byte[] chain, boolean holds) {}

    /** The entries after the given one; the first ones after none. */
    private static List<Entry> portion(Connection connection, Position chain, Entry after) throws SQLException {
        List<Entry> portion = new ArrayList<>(PORTION);
        try (PreparedStatement statement = connection.prepareStatement(ENTRIES)) {
            statement.setString(1, chain.topic);
            statement.setInt(2, chain.partition);
            statement.setLong(3, after == null ? Long.MIN_VALUE : after.number);
            statement.setLong(4, after == null ? Long.MIN_VALUE : after.offset);
            statement.setString(5, after == null ? "-infinity" : after.appendedAt.toString());
            statement.setLong(6, chain.entries);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    portion.add(entry(chain, row));
                }
            }
        }
        return portion;
    }

    private static Entry entry(Position chain, ResultSet row) throws SQLException {
        Instant appendedAt = Rows.instant(row, "appended_at");
        return new Entry(
                row.getLong("number"),
                row.getLong("offset"),
                appendedAt,
                new Object[] {
                    chain.topic,
                    chain.partition,
                    row.getLong("offset"),
                    appendedAt.toEpochMilli(),
                    row.getString("key"),
                    row.getString("event_id"),
                    row.getString("type"),
                    row.getString("source"),
                    row.getString("receipt"),
                    Rows.instant(row, "received_at"),
                    row.getString("secret_id"),
                    row.getString("origin")
                },
                row.getBytes("salted_digest"),
                row.getBytes("chain"),
                row.getBoolean("bodiless"),
                row.getBoolean("genuine"),
                row.getString("redacted"),
                row.getString("erased"),
                row.getBytes("erased_signature"));
    }
}
