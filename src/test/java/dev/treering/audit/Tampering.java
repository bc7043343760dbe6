package dev.treering.audit;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

import dev.treering.history.Chain;
import dev.treering.support.Digests;
import dev.treering.support.Rows;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Does to a chain what the verification must find, with the rights of the server's administrator, and undoes it. */
public final class Tampering {

    public static final String TOPIC = "circleci.webhooks";

    private static final int PORTION = 1_000;
    private static final int KEPT = 100;
    private static final int FILLER = 900;

    private final Connection administrator;
    private final int partition;
    private final long entries;

    /** @param number the entry that must be named */
    public record Deed(String what, String kind, long number, List<String> sql) {}

    /** @param administrator stays open; the chain must be there */
    public Tampering(Connection administrator, int partition, long entries) throws SQLException {
        this.administrator = administrator;
        this.partition = partition;
        this.entries = entries;
        // No trigger is asked.
        run("set session_replication_role = replica");
        run("drop table if exists kept, kept_position");
        run("create temp table kept as select * from trail where %s and number > %d"
                .formatted(chain(), entries - KEPT));
        run("create temp table kept_position as select * from stream_position where " + chain());
    }

    private String chain() {
        return "topic = '%s' and partition = %d".formatted(TOPIC, partition);
    }

    /** All of them at the chain's end, where it takes longest to find them. */
    public List<Deed> deeds() {
        long one = entries - KEPT / 2;
        String at = " where %s and number = %d".formatted(chain(), one);
        String after = " where %s and number > %d".formatted(chain(), one);
        String shorten = "delete from trail where %s and number > %d".formatted(chain(), entries - 10);
        String adjust = """
                update stream_position s set entries = t.number, chain_head = t.chain, next_offset = t."offset" + 1
                from trail t where t.topic = s.topic and t.partition = s.partition and s.%s
                    and t.number = (select max(number) from trail where %s)""".formatted(chain().replace("and p", "and s.p"), chain());
        String away = "update trail set number = number + 1000000000" + after;
        return List.of(
                new Deed("bytes changed", "changed", one, List.of("update trail set body = body || ' '" + at)),
                new Deed(
                        "bytes moved into the salt",
                        "changed",
                        one,
                        List.of("update trail set salt = salt || body, body = ''" + at)),
                new Deed(
                        "something put beside the bytes",
                        "changed",
                        one,
                        List.of("update trail set redacted_body = '{}', erased_digest = sha256('{}')" + at)),
                new Deed(
                        "a field changed",
                        "changed",
                        one,
                        List.of("update trail set received_at = received_at + interval '1 s'" + at)),
                new Deed("deleted", "deleted", one, List.of("delete from trail" + at)),
                new Deed(
                        "deleted, and the gap closed",
                        "deleted",
                        one,
                        List.of("delete from trail" + at, "update trail set number = number - 1" + after, adjust)),
                new Deed(
                        "inserted",
                        "inserted",
                        one + 1,
                        List.of(
                                away,
                                "update trail set number = number - 1000000000 + 1 where %s and number > 1000000000"
                                        .formatted(chain()),
                                """
                                insert into trail (topic, partition, "offset", appended_at, type, outcome, salt, body,
                                    salted_digest, chain, number)
                                select topic, partition, "offset", appended_at + interval '1 ms', type, outcome, salt, body,
                                    salted_digest, sha256(chain), number + 1 from trail""" + at,
                                adjust)),
                new Deed("inserted before all", "inserted", Long.MIN_VALUE, List.of("""
                                insert into trail (topic, partition, "offset", appended_at, type, outcome, salt, body,
                                    salted_digest, chain, number)
                                select topic, partition, -1, appended_at, type, outcome, salt, body, salted_digest, chain,
                                    '-9223372036854775808' from trail""" + at)),
                new Deed("reordered", "reordered", one, List.of("""
                                update trail set number = case number when %1$d then %2$d else %1$d end
                                where %3$s and number in (%1$d, %2$d)""".formatted(one, one + 1, chain()))),
                new Deed("truncated", "truncated", entries - 9, List.of(shorten)),
                new Deed("truncated, and the position with it", "truncated", entries - 9, List.of(shorten, adjust)));
    }

    public void commit(Deed deed) throws SQLException {
        for (String sql : deed.sql) {
            run(sql);
        }
    }

    /** Everything from an entry on anew, so that all of it fits together. */
    public void rewriteEnd() throws SQLException {
        byte[] head;
        try (Statement statement = administrator.createStatement();
                ResultSet row = statement.executeQuery(
                        "select chain from trail where %s and number = %d".formatted(chain(), entries - KEPT))) {
            row.next();
            head = row.getBytes(1);
        }
        run("delete from trail where %s and number > %d".formatted(chain(), entries - KEPT));
        run("delete from stream_position where " + chain());
        fill(administrator, partition, entries - KEPT + 1, entries, head, Instant.parse("2026-11-01T00:00:00Z"));
    }

    public void undo() throws SQLException {
        run("delete from trail where %s and (number > %d or number < 0)".formatted(chain(), entries - KEPT));
        run("insert into trail select * from kept");
        run("delete from stream_position where " + chain());
        run("insert into stream_position select * from kept_position");
    }

    private void run(String sql) throws SQLException {
        try (Statement statement = administrator.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Makes a chain of so many entries, a hundred milliseconds apart, of about the size that webhooks have. */
    public static void fill(Connection connection, int partition, long entries, Instant begin) throws SQLException {
        fill(connection, partition, 1, entries, new byte[0], begin);
    }

    private static void fill(Connection connection, int partition, long first, long last, byte[] head, Instant begin)
            throws SQLException {
        byte[] before = head;
        List<Object[]> rows = new ArrayList<>();
        for (long number = first; number <= last; number++) {
            Instant at = begin.plusMillis(100 * number);
            String id = UUID.nameUUIDFromBytes((partition + "/" + number).getBytes(UTF_8))
                    .toString();
            byte[] body = "{\"type\":\"ping\",\"id\":\"%s\",\"happened_at\":\"%s\",\"filler\":\"%s\"}"
                    .formatted(id, at, "x".repeat(FILLER))
                    .getBytes(UTF_8);
            byte[] salt = ByteBuffer.allocate(16)
                    .putLong(System.nanoTime())
                    .putLong(number)
                    .array();
            MessageDigest sha256 = Digests.sha256();
            sha256.update(salt);
            byte[] digest = sha256.digest(body);
            before = Chain.link(
                    before,
                    digest,
                    TOPIC,
                    partition,
                    number - 1,
                    at.toEpochMilli(),
                    null,
                    id,
                    "com.circleci.ping",
                    null,
                    null,
                    at,
                    null);
            rows.add(new Object[] {
                TOPIC, partition, number - 1, at, id, "com.circleci.ping", at, salt, body, digest, before, number
            });
            if (rows.size() == PORTION || number == last) {
                months(connection, rows);
                Rows.update(connection, """
                        insert into trail (topic, partition, "offset", appended_at, event_id, type, received_at, salt, body,
                            salted_digest, chain, number, outcome)
                        select *, 'duplicate' from unnest(?::text[], ?::int[], ?::bigint[], ?::timestamptz[], ?::text[],
                            ?::text[], ?::timestamptz[], ?::bytea[], ?::bytea[], ?::bytea[], ?::bytea[], ?::bigint[])""", rows);
                rows.clear();
            }
        }
        Rows.execute(connection, """
                insert into stream_position (topic, partition, next_offset, highest_offset, chain_head, entries)
                values (?, ?, ?, ?, ?, ?)""", TOPIC, partition, last, last, before, last);
    }

    private static void months(Connection connection, List<Object[]> rows) throws SQLException {
        for (Object[] row : List.of(rows.get(0), rows.get(rows.size() - 1))) {
            try (PreparedStatement statement = connection.prepareStatement("select trail_partition(?::date)")) {
                statement.setString(1, row[3].toString());
                statement.execute();
            }
        }
    }
}
