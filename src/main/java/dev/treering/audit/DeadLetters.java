package dev.treering.audit;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.treering.support.PageToken;
import dev.treering.support.Rows;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Facts that could not be folded, as people look at them. */
@Singleton
class DeadLetters {

    private static final int PAGE = 50;
    /** Of the rows {@code d}, those of a reason, or one, or all; {@link #chosen} are its parameters. */
    static final String CHOSEN = "coalesce(d.reason = ?, true) and coalesce(d.id = ?::uuid, true)";

    private static final String COLUMNS =
            "select d.*, t.key, t.event_id, t.type, t.source, t.receipt, t.received_at, t.secret_id";

    private static final String LETTERS =
            " from dead_letter d left join trail t using (topic, partition, \"offset\", appended_at)";

    private final DataSource database;

    /**
     * Those that died of one reason.
     *
     * @param waiting for whom something can still be done; {@code firstSeen} and {@code lastSeen} are theirs, by the time Kafka
     *     took them
     * @param redriven ones are in the history since, {@code duplicates} were there already
     */
    public record Group(
            String reason,
            long waiting,
            Instant firstSeen,
            Instant lastSeen,
            long redriven,
            long duplicates,
            long discarded) {}

    /**
     * One of them.
     *
     * @param detail what was wrong with it, as said by whoever judged it last
     * @param triedAt when it was last tried again in vain
     * @param resolution {@code redriven}, {@code duplicate} or {@code discarded}; null while it waits
     * @param note why it was discarded
     */
    public record Letter(
            UUID id,
            String reason,
            String detail,
            String topic,
            int partition,
            long offset,
            Instant appendedAt,
            String key,
            String eventId,
            String type,
            String source,
            String receipt,
            Instant receivedAt,
            String secretId,
            Instant triedAt,
            String resolution,
            String resolvedBy,
            Instant resolvedAt,
            String note) {}

    /**
     * One with its bytes.
     *
     * @param bytes in Base64; null where they were erased
     * @param text the same as text; null where they are none
     */
    public record Opened(@JsonUnwrapped Letter letter, String bytes, String text) {}

    DeadLetters(DataSource database) {
        this.database = database;
    }

    static Object[] chosen(Map<String, String> wanted) {
        return new Object[] {wanted.get("reason"), wanted.get("dead_letter")};
    }

    List<Group> groups() throws SQLException {
        return all(
                """
                select reason, count(*) filter (where resolution is null) as waiting,
                    min(appended_at) filter (where resolution is null) as first_seen,
                    max(appended_at) filter (where resolution is null) as last_seen,
                    count(*) filter (where resolution = 'redriven') as redriven,
                    count(*) filter (where resolution = 'duplicate') as duplicates,
                    count(*) filter (where resolution = 'discarded') as discarded
                from dead_letter group by reason order by waiting desc, reason""",
                row -> new Group(
                        row.getString("reason"),
                        row.getLong("waiting"),
                        Rows.instant(row, "first_seen"),
                        Rows.instant(row, "last_seen"),
                        row.getLong("redriven"),
                        row.getLong("duplicates"),
                        row.getLong("discarded")));
    }

    /** Of those that wait, a page and one more if there are more. */
    List<Letter> page(String reason, PageToken after) throws SQLException {
        String time = after == null ? "infinity" : after.createdAt().toString();
        UUID id = after == null ? new UUID(0, 0) : after.id();
        return all(COLUMNS + LETTERS + """
                 where d.resolution is null and d.reason = ? and (d.appended_at, d.id) < (?::timestamptz, ?)
                order by d.appended_at desc, d.id desc limit\s""" + (PAGE + 1), DeadLetters::letter, reason, time, id);
    }

    static boolean isMore(List<Letter> page) {
        return page.size() > PAGE;
    }

    Optional<Opened> find(UUID id) throws SQLException {
        return all(COLUMNS + ", t.body" + LETTERS + " where d.id = ?", DeadLetters::opened, id).stream()
                .findFirst();
    }

    Work.Plan plan(Map<String, String> wanted) throws SQLException {
        return all(
                        "select count(*) as n, min(appended_at) as oldest, max(appended_at) as newest from dead_letter d"
                                + " where resolution is null and " + CHOSEN,
                        row -> new Work.Plan(
                                row.getLong("n"), Rows.instant(row, "oldest"), Rows.instant(row, "newest"), null),
                        chosen(wanted))
                .get(0);
    }

    /** Puts those that wait away for good; how many. */
    int discard(Map<String, String> wanted, String note, String by) throws SQLException {
        Object[] chosen = chosen(wanted);
        return Rows.execute(
                database,
                "update dead_letter d set resolution = 'discarded', resolved_by = ?, resolved_at = now(), note = ?"
                        + " where resolution is null and " + CHOSEN,
                by,
                note,
                chosen[0],
                chosen[1]);
    }

    private static Letter letter(ResultSet row) throws SQLException {
        return new Letter(
                row.getObject("id", UUID.class),
                row.getString("reason"),
                row.getString("detail"),
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
                Rows.instant(row, "tried_at"),
                row.getString("resolution"),
                row.getString("resolved_by"),
                Rows.instant(row, "resolved_at"),
                row.getString("note"));
    }

    private static Opened opened(ResultSet row) throws SQLException {
        byte[] body = row.getBytes("body");
        String text = null;
        try {
            text = body == null
                    ? null
                    : UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
        } catch (CharacterCodingException noText) {
            // Then the bytes must do.
        }
        return new Opened(letter(row), body == null ? null : Base64.getEncoder().encodeToString(body), text);
    }

    private interface Reading<T> {

        T of(ResultSet row) throws SQLException;
    }

    private <T> List<T> all(String sql, Reading<T> reading, Object... values) throws SQLException {
        List<T> all = new ArrayList<>();
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    all.add(reading.of(row));
                }
            }
        }
        return all;
    }
}
