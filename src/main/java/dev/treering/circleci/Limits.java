package dev.treering.circleci;

import java.math.BigInteger;
import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long an answer asks to be left alone. {@code Retry-After} says it in seconds or as a date; {@code RateLimit-*} and
 * the pairs of {@code X-RateLimit-*} (also {@code -Second}, {@code -Minute}, {@code -Hour}, {@code -Day}) say what is left
 * of a window and when it ends. Where several are sent the strictest holds.
 */
final class Limits {

    // Absurd values occur; an hour is as long as anybody should be silent for one answer.
    static final Duration LONGEST = Duration.ofHours(1);
    /** For a 429 that does not say. */
    static final Duration DEFAULT = Duration.ofSeconds(30);

    private static final Pattern REMAINING = Pattern.compile("(?i)((?:x-)?ratelimit-)remaining(-[a-z]+)?");
    private static final Pattern NUMBER = Pattern.compile("\\s*(-?\\d+)\\b.*");

    private static final long LARGEST = 1_000_000_000_000L;

    private Limits() {}

    /** The pause before the next call; zero for none. */
    static Duration pause(int status, HttpHeaders headers, Instant now) {
        Duration asked = longer(
                headers.firstValue("Retry-After")
                        .map(value -> retryAfter(value, now))
                        .orElse(Duration.ZERO),
                window(headers));
        if (asked.isZero() && status == 429) {
            return DEFAULT;
        }
        return asked.compareTo(LONGEST) > 0 ? LONGEST : asked;
    }

    /** The least that is left of any window; empty where none is told. */
    static OptionalLong remaining(HttpHeaders headers) {
        return headers.map().entrySet().stream()
                .filter(header -> REMAINING.matcher(header.getKey()).matches())
                .flatMap(header -> number(header.getValue().get(0)).stream())
                .mapToLong(Long::longValue)
                .min();
    }

    private static Duration retryAfter(String value, Instant now) {
        Optional<Duration> seconds = number(value).map(Duration::ofSeconds);
        Duration asked = seconds.or(() -> time(value).map(until -> Duration.between(now, until)))
                .orElse(DEFAULT);
        return asked.isNegative() ? Duration.ZERO : asked;
    }

    /** Until the end of the longest window of which nothing is left. */
    private static Duration window(HttpHeaders headers) {
        Duration pause = Duration.ZERO;
        for (Map.Entry<String, List<String>> header : headers.map().entrySet()) {
            Matcher name = REMAINING.matcher(header.getKey());
            if (name.matches() && number(header.getValue().get(0)).orElse(1L) <= 0) {
                String reset = name.group(1) + "reset" + (name.group(2) == null ? "" : name.group(2));
                // A window of a second says 0: it ends within that second.
                long seconds = headers.firstValue(reset)
                        .flatMap(Limits::number)
                        .map(value -> Math.max(1, value))
                        .orElse(DEFAULT.toSeconds());
                pause = longer(pause, Duration.ofSeconds(seconds));
            }
        }
        return pause;
    }

    private static Optional<Long> number(String value) {
        Matcher number = NUMBER.matcher(value);
        if (!number.matches()) {
            return Optional.empty();
        }
        // However many digits there are: more than a long holds is as good as its greatest for us.
        return Optional.of(new BigInteger(number.group(1))
                .max(BigInteger.valueOf(-LARGEST))
                .min(BigInteger.valueOf(LARGEST))
                .longValueExact());
    }

    private static Duration longer(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? b : a;
    }

    /** An HTTP date, as {@code Date} and {@code Retry-After} spell it. */
    static Optional<Instant> time(String httpDate) {
        try {
            return Optional.of(ZonedDateTime.parse(httpDate, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant());
        } catch (DateTimeException notADate) {
            return Optional.empty();
        }
    }
}
