package dev.treering.support;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;

/** The spellings of a time that CircleCI is known to use. */
public final class Times {

    // RFC 3339, with or without fraction and zone, and Go's default print: 2024-12-18 17:23:29.361740256 +0000 UTC
    private static final DateTimeFormatter LENIENT = new DateTimeFormatterBuilder()
            .parseCaseInsensitive()
            // Four digits of a year and no sign: what lies beyond is no time of CircleCI's, and none of PostgreSQL's.
            .appendValue(ChronoField.YEAR, 4)
            .appendPattern("-MM-dd['T'][' ']HH:mm:ss")
            .appendFraction(ChronoField.NANO_OF_SECOND, 0, 9, true)
            .appendPattern("[' ']")
            .optionalStart()
            .appendOffset("+HH:MM", "Z")
            .optionalEnd()
            .optionalStart()
            .appendOffset("+HHMM", "Z")
            .optionalEnd()
            .appendPattern("[' UTC']")
            .parseDefaulting(ChronoField.OFFSET_SECONDS, 0)
            .toFormatter(Locale.ROOT);

    private static final String COMMON = "0000-00-00T00:00:00.";
    private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant END = Instant.parse("+10000-01-01T00:00:00Z");

    private Times() {}

    /** The instant, or empty when the text is no time we know. A time without a zone is UTC. */
    public static Optional<Instant> parse(String text) {
        try {
            Instant time = isCommon(text)
                    ? common(text)
                    : LENIENT.parse(text.strip(), OffsetDateTime::from)
                            .withOffsetSameInstant(ZoneOffset.UTC)
                            .toInstant();
            return time.isBefore(EARLIEST) || !time.isBefore(END) ? Optional.empty() : Optional.of(time);
        } catch (DateTimeException notATime) {
            return Optional.empty();
        }
    }

    // Nearly every time is spelt 2026-03-02T09:14:58.123Z. The formatter takes longer for one than the rest of a
    // webhook
    // takes to read, so these are read by position.
    /**
     * A time as a person gives it: RFC 3339, a day (its beginning in UTC), or how far from now ({@code 30d}, {@code 12h}).
     *
     * @param direction of a span: -1 for ago, 1 for from now on
     */
    public static Optional<Instant> read(String text, Instant now, int direction) {
        if (text.matches("\\d{1,5}[dh]")) {
            Duration span = Duration.parse((text.endsWith("d") ? "P" : "PT") + text);
            return Optional.of(now.truncatedTo(ChronoUnit.SECONDS).plus(span.multipliedBy(direction)));
        }
        return parse(text).or(() -> parse(text + "T00:00:00Z"));
    }

    private static boolean isCommon(String text) {
        int z = text.length() - 1;
        if (z < 19 || z == 20 || z > 29 || text.charAt(z) != 'Z') {
            return false;
        }
        for (int i = 0; i < z; i++) {
            char c = text.charAt(i);
            char wanted = i < COMMON.length() ? COMMON.charAt(i) : '0';
            if (wanted == '0' ? c < '0' || c > '9' : c != wanted) {
                return false;
            }
        }
        return true;
    }

    private static Instant common(String text) {
        int nano = number(text, 20, text.length() - 1);
        for (int digits = text.length() - 21; digits < 9; digits++) {
            nano *= 10;
        }
        return LocalDateTime.of(
                        number(text, 0, 4),
                        number(text, 5, 7),
                        number(text, 8, 10),
                        number(text, 11, 13),
                        number(text, 14, 16),
                        number(text, 17, 19),
                        nano)
                .toInstant(ZoneOffset.UTC);
    }

    private static int number(String text, int from, int to) {
        return from >= to ? 0 : Integer.parseInt(text, from, to, 10);
    }

    /** Microseconds since 1970. {@code ChronoUnit.MICROS} goes by way of nanoseconds and overflows in the year 2262. */
    public static long micros(Instant time) {
        return time.getEpochSecond() * 1_000_000 + time.getNano() / 1_000;
    }
}
