package dev.treering.simulation;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;

/** CircleCI writes its times with a different number of digits from place to place, and once in Go's format. */
final class Timestamps {

    private static final DateTimeFormatter MILLIS = utc("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'");
    private static final DateTimeFormatter MICROS = utc("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'");
    private static final DateTimeFormatter GO = utc("yyyy-MM-dd HH:mm:ss.SSSSSSSSS '+0000 UTC'");

    private Timestamps() {}

    static String seconds(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    static String millis(Instant time) {
        return MILLIS.format(time);
    }

    static String micros(Instant time) {
        return MICROS.format(time);
    }

    static String go(Instant time) {
        return GO.format(time);
    }

    private static DateTimeFormatter utc(String pattern) {
        return DateTimeFormatter.ofPattern(pattern).withZone(ZoneOffset.UTC);
    }
}
