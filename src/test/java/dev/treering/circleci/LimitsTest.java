package dev.treering.circleci;

import java.net.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

@Tag("F36")
class LimitsTest {

    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");

    private static Duration pause(int status, String... headers) {
        Map<String, List<String>> map = Arrays.stream(headers)
                .map(header -> header.split(": ", 2))
                .collect(Collectors.toMap(pair -> pair[0], pair -> List.of(pair[1])));
        return Limits.pause(status, HttpHeaders.of(map, (name, value) -> true), NOW);
    }

    @ParameterizedTest
    @CsvSource({
        "120, 120",
        "0, 30", // a 429 that asks for nothing is a mistake: the default
        "-5, 30",
        "1000000000, 3600",
        "99999999999999999999, 3600", // more than a long holds
        "'Tue, 24 Nov 2026 12:00:45 GMT', 45",
        "'Tue, 24 Nov 2026 11:00:00 GMT', 30", // past
        "'Tue, 24 Nov 2099 11:00:00 GMT', 3600",
        "soon, 30"
    })
    void retryAfter_isObeyedInEachOfItsForms(String value, long seconds) {
        assertThat(pause(429, "Retry-After: " + value)).hasSeconds(seconds);
    }

    @Test
    void a429WithoutAnything_isGivenADefault() {
        assertThat(pause(429)).isEqualTo(Limits.DEFAULT);
    }

    @Test
    void anAnswerWithSomethingLeft_asksForNoPause() {
        assertThat(pause(200, "X-RateLimit-Limit: 151", "X-RateLimit-Remaining: 150", "X-RateLimit-Reset: 0"))
                .isZero();
    }

    @Test
    void ofSeveralWindows_theStrictestHolds() {
        assertThat(pause(
                        200,
                        "RateLimit-Remaining: 12",
                        "RateLimit-Reset: 50",
                        "X-RateLimit-Remaining-Minute: 0",
                        "X-RateLimit-Reset-Minute: 20",
                        "x-ratelimit-remaining-hour: 0",
                        "x-ratelimit-reset-hour: 300"))
                .hasSeconds(300);
    }

    @Test
    void aUsedUpWindowThatEndsWithinItsSecond_isWaitedFor() {
        assertThat(pause(200, "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 0"))
                .hasSeconds(1);
    }

    @Test
    void aUsedUpWindow_countsBesideRetryAfter() {
        assertThat(pause(429, "Retry-After: 2", "RateLimit-Remaining: 0", "RateLimit-Reset: 9"))
                .hasSeconds(9);
    }
}
