package dev.treering.history;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.history.Stories.Told;
import dev.treering.support.Digests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

/** Judges the tables of a database by what stands in its trail. */
public final class HistoryCheck {

    static final List<String> TABLES = List.of("project", "pipeline", "workflow", "job");

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PORTION = 200;

    private HistoryCheck() {}

    /** Rows that are not those of the model of the trail's facts, a sentence each; the first few of a table. */
    public static List<String> differences(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        List<Told> told = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(PORTION);
            try (ResultSet fact = statement.executeQuery(
                    "select topic, event_id, body from trail t where body is not null and topic <> 'treering.acts' and outcome <> 'duplicate' and "
                            + Trail.FOLDED)) {
                while (fact.next()) {
                    told.add(new Told(fact.getString(1), fact.getString(2), fact.getBytes(3), true));
                }
            }
        }
        ReferenceHistory model = ReferenceHistory.of(told);
        List<String> differences = new ArrayList<>();
        for (String table : TABLES) {
            differing(model.rows(table), rows(connection, table))
                    .forEach((id, values) -> differences.add("%s %s should be %s".formatted(table, id, values)));
        }
        return differences;
    }

    /** The first two ids with other values, to the columns that differ: what was expected, and what was found. */
    static Map<String, String> differing(
            Map<String, Map<String, Object>> expected, Map<String, Map<String, Object>> actual) {
        Map<String, String> differing = new LinkedHashMap<>();
        Set<String> ids = new TreeSet<>(expected.keySet());
        ids.addAll(actual.keySet());
        ids.stream()
                .filter(id -> !Objects.equals(expected.get(id), actual.get(id)))
                .limit(2)
                .forEach(id -> differing.put(id, columns(expected.get(id), actual.get(id))));
        return differing;
    }

    private static String columns(Map<String, Object> expected, Map<String, Object> actual) {
        if (expected == null || actual == null) {
            return expected == null ? "absent, but is " + actual : expected + ", but is absent";
        }
        Set<String> columns = new TreeSet<>(expected.keySet());
        columns.addAll(actual.keySet());
        columns.removeIf(column -> Objects.equals(expected.get(column), actual.get(column)));
        return columns.stream()
                .map(column -> "%s=%s, but is %s".formatted(column, expected.get(column), actual.get(column)))
                .collect(joining("; "));
    }

    /** The rows as the model has them: what is not null, without the stamps. */
    static Map<String, Map<String, Object>> rows(Connection connection, String table) throws SQLException {
        Map<String, Map<String, Object>> rows = new TreeMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("select * from " + table)) {
            var columns = result.getMetaData();
            while (result.next()) {
                Map<String, Object> row = new TreeMap<>();
                for (int i = 2; i <= columns.getColumnCount(); i++) {
                    if (!columns.getColumnName(i).endsWith("_stamp") && result.getString(i) != null) {
                        row.put(columns.getColumnName(i), value(result, i, columns.getColumnTypeName(i)));
                    }
                }
                rows.put(result.getString(1), row);
            }
        }
        return rows;
    }

    private static Object value(ResultSet result, int column, String type) throws SQLException {
        if (type.equals("timestamptz")) {
            return result.getObject(column, OffsetDateTime.class).toInstant();
        }
        if (type.equals("jsonb")) {
            try {
                return JSON.readTree(result.getString(column));
            } catch (IOException e) {
                throw new AssertionError("jsonb that is not JSON", e);
            }
        }
        return result.getString(column);
    }

    /** The last link that {@code stream_position} knows of each partition, by "topic/partition". */
    public static Map<String, String> positions(Connection connection) throws SQLException {
        Map<String, String> positions = new TreeMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select topic || '/' || partition, encode(chain_head, 'hex')"
                        + " from stream_position where length(chain_head) > 0")) {
            while (row.next()) {
                positions.put(row.getString(1), row.getString(2));
            }
        }
        return positions;
    }

    /**
     * Recomputes every link from what the trail holds, and says where each partition's chain ends, as {@link #positions}. An
     * offset may stand for several records, and of a log that began anew the middle may have been read first: what does not
     * follow yet is laid aside and tried again.
     */
    public static Map<String, String> walkChain(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        Map<String, String> heads = new TreeMap<>();
        Map<String, List<Entry>> aside = new TreeMap<>();
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(PORTION);
            try (ResultSet row =
                    statement.executeQuery("select * from trail order by topic, partition, appended_at, \"offset\"")) {
                while (row.next()) {
                    Entry entry = Entry.of(row);
                    List<Entry> waiting = aside.computeIfAbsent(entry.partition, none -> new ArrayList<>());
                    waiting.add(entry);
                    while (waiting.removeIf(next -> next.follows(heads))) {
                        // One that follows may be what another one waited for.
                    }
                }
            }
        }
        aside.values().stream().flatMap(List::stream).findFirst().ifPresent(entry -> {
            throw new AssertionError("The chain breaks at " + entry.partition + " offset " + entry.offset);
        });
        return heads;
    }

    /** What a link is made of, beside the link before it. */
    private record Entry(String partition, long offset, List<byte[]> fields, byte[] chain) {

        static Entry of(ResultSet row) throws SQLException {
            String partition = row.getString("topic") + "/" + row.getInt("partition");
            long offset = row.getLong("offset");
            byte[] salted = sha256(row.getBytes("salt"), row.getBytes("body"));
            if (!Arrays.equals(salted, row.getBytes("salted_digest"))) {
                throw new AssertionError("The body is another one at " + partition + " offset " + offset);
            }
            List<byte[]> fields = new ArrayList<>();
            for (String column : List.of(
                    "topic",
                    "partition",
                    "offset",
                    "appended_at",
                    "key",
                    "event_id",
                    "type",
                    "source",
                    "receipt",
                    "received_at",
                    "secret_id",
                    "origin")) {
                String text = row.getString(column);
                if (text == null && column.equals("origin")) {
                    continue;
                }
                if (text != null && column.endsWith("_at")) {
                    Instant time = row.getObject(column, OffsetDateTime.class).toInstant();
                    text = column.equals("appended_at") ? Long.toString(time.toEpochMilli()) : time.toString();
                }
                byte[] bytes = text == null ? new byte[0] : text.getBytes(UTF_8);
                fields.add(ByteBuffer.allocate(4)
                        .putInt(text == null ? -1 : bytes.length)
                        .array());
                fields.add(bytes);
            }
            fields.add(salted);
            return new Entry(partition, offset, fields, row.getBytes("chain"));
        }

        /** Whether it is the link after the partition's last one, which it then replaces. */
        boolean follows(Map<String, String> heads) {
            List<byte[]> parts = new ArrayList<>();
            parts.add(HexFormat.of().parseHex(heads.getOrDefault(partition, "")));
            parts.addAll(fields);
            boolean follows = Arrays.equals(sha256(parts.toArray(byte[][]::new)), chain);
            if (follows) {
                heads.put(partition, HexFormat.of().formatHex(chain));
            }
            return follows;
        }
    }

    private static byte[] sha256(byte[]... parts) {
        MessageDigest sha256 = Digests.sha256();
        Arrays.stream(parts).forEach(sha256::update);
        return sha256.digest();
    }
}
