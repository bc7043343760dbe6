package dev.treering.audit;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import dev.treering.event.Topics;
import dev.treering.support.PageToken;
import dev.treering.support.Rows;

/**
 * Where an entry stands. In a topic that was made anew offsets come again, so that the time of the append belongs to it.
 *
 * @param appendedAt null where it was not said: then the latest is meant
 */
record Position(String topic, int partition, long offset, Instant appendedAt) {

    private static final Pattern TEXT = Pattern.compile(
            "(?<topic>[\\w.-]{1,249}):(?<partition>\\d{1,9}):(?<offset>\\d{1,18})(?::(?<at>\\d{1,15}))?");
    private static final long NEWER = 1L << 63;

    static Position of(ResultSet row) throws SQLException {
        return new Position(
                row.getString("topic"),
                row.getInt("partition"),
                row.getLong("offset"),
                Rows.instant(row, "appended_at"));
    }

    /** Reads {@code circleci.webhooks:3:1234:1764108000123}, or the same without the append time. */
    static Optional<Position> parse(String text) {
        Matcher parts = TEXT.matcher(text);
        return parts.matches()
                ? Optional.of(new Position(
                        parts.group("topic"),
                        Integer.parseInt(parts.group("partition")),
                        Long.parseLong(parts.group("offset")),
                        parts.group("at") == null ? null : Instant.ofEpochMilli(Long.parseLong(parts.group("at")))))
                : Optional.empty();
    }

    @Override
    public String toString() {
        return "%s:%d:%d:%d".formatted(topic, partition, offset, appendedAt.toEpochMilli());
    }

    /** As the token of the page before or after it. */
    String token(boolean newer, int filters) {
        long place = (long) Topics.ALL.indexOf(topic) << 32 | partition;
        return new PageToken(appendedAt, new UUID(newer ? place | NEWER : place, offset), filters).encode();
    }

    static Position of(PageToken token) {
        long place = token.id().getMostSignificantBits() & ~NEWER;
        int topic = (int) (place >> 32);
        return new Position(
                topic < Topics.ALL.size() ? Topics.ALL.get(topic) : "",
                (int) place,
                token.id().getLeastSignificantBits(),
                token.createdAt());
    }

    /** Whether what is newer is asked for, and not what is older. */
    static boolean isNewer(PageToken token) {
        return token.id().getMostSignificantBits() < 0;
    }
}
