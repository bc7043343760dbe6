package dev.treering.support;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
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

    private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant END = Instant.parse("+10000-01-01T00:00:00Z");

    private Times() {}

    /** The instant, or empty when the text is no time we know. A time without a zone is UTC. */
    public static Optional<Instant> parse(String text) {
        try {
            return Optional.of(LENIENT.parse(text.strip(), OffsetDateTime::from)
                            .withOffsetSameInstant(ZoneOffset.UTC)
                            .toInstant())
                    .filter(time -> !time.isBefore(EARLIEST) && time.isBefore(END));
        } catch (DateTimeException notATime) {
            return Optional.empty();
        }
    }

    /** Microseconds since 1970. {@code ChronoUnit.MICROS} goes by way of nanoseconds and overflows in the year 2262. */
    public static long micros(Instant time) {
        return time.getEpochSecond() * 1_000_000 + time.getNano() / 1_000;
    }
}
