package dev.treering.support;

import java.time.Instant;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class TimesTest {

    @ParameterizedTest
    @CsvSource({
        "2026-03-02T09:14:58Z, 2026-03-02T09:14:58Z",
        "2026-03-02T09:14:58.1Z, 2026-03-02T09:14:58.100Z",
        "2026-03-02T09:14:58.000000001Z, 2026-03-02T09:14:58.000000001Z",
        "2026-03-02T09:14:58.123456789Z, 2026-03-02T09:14:58.123456789Z",
        "0001-01-01T00:00:00Z, 0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999Z, 9999-12-31T23:59:59.999Z",
        "2026-03-02T09:17:44.903112Z, 2026-03-02T09:17:44.903112Z",
        "2026-03-02t09:14:58z, 2026-03-02T09:14:58Z",
        "2026-03-02T11:14:58+02:00, 2026-03-02T09:14:58Z",
        "2026-03-02T11:14:58+0200, 2026-03-02T09:14:58Z",
        "2026-03-02T09:14:58, 2026-03-02T09:14:58Z",
        "2026-03-02 09:14:58, 2026-03-02T09:14:58Z",
        "2026-03-07 16:44:19.361740256 +0000 UTC, 2026-03-07T16:44:19.361740256Z",
        "2026-03-07 16:44:19 +0000 UTC, 2026-03-07T16:44:19Z",
        "' 2026-03-02T09:14:58Z ', 2026-03-02T09:14:58Z",
        "1970-01-01T00:00:00Z, 1970-01-01T00:00:00Z"
    })
    @Tag("F16")
    void time_in_a_known_spelling_is_an_instant(String text, Instant time) {
        assertThat(Times.parse(text)).contains(time);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "yesterday",
                "2026-03-02",
                "1772442898",
                "2026-13-02T09:14:58Z",
                "2026-02-29T09:14:58Z",
                "2026-03-02T09:14:60Z",
                "2026-03-02T09:14:5٣Z",
                "2026-03-02T09:14:58.12x4Z",
                "2026-03-02T25:14:58Z",
                "2026-03-02T09:14:58.1234567890Z",
                "+300000-01-01T00:00:00Z",
                "-0001-01-01T00:00:00Z",
                "0000-12-31T23:59:59Z",
                "0001-01-01T00:00:00+01:00",
                "9999-12-31T23:59:59-01:00",
                "2026-03-02T09:14:58Z and more"
            })
    void text_that_is_no_time_of_ours_or_of_postgresql_is_none(String text) {
        assertThat(Times.parse(text)).isEmpty();
    }
}
