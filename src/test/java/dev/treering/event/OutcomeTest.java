package dev.treering.event;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class OutcomeTest {

    @ParameterizedTest
    @CsvSource({
        "success, SUCCESS, true",
        "created, SUCCESS, true",
        "failed, FAILURE, true",
        "error, FAILURE, true",
        "errored, FAILURE, true",
        "unauthorized, FAILURE, true",
        "infrastructure_fail, FAILURE, true",
        "timedout, FAILURE, true",
        "terminated-unknown, FAILURE, true",
        "canceled, CANCELED, true",
        "not_run, CANCELED, true",
        "retried, CANCELED, true",
        "running, PENDING, false",
        "failing, PENDING, false",
        "on_hold, PENDING, false",
        "queued, PENDING, false",
        "not_running, PENDING, false",
        "blocked, PENDING, false",
        "setup, PENDING, false",
        "setup-pending, PENDING, false",
        "pending, PENDING, false",
        "exploded, UNKNOWN, false",
        "SUCCESS, UNKNOWN, false",
        ", UNKNOWN, false"
    })
    @Tag("F14")
    void status_has_an_outcome_and_may_be_an_end(String status, Outcome outcome, boolean terminal) {
        assertThat(Outcome.of(status)).isEqualTo(outcome);
        assertThat(Outcome.of(status).terminal()).isEqualTo(terminal);
    }

    @ParameterizedTest
    @CsvSource({
        ", SUCCESS, FIRST",
        ", FAILURE, FIRST",
        "SUCCESS, SUCCESS, OK",
        "SUCCESS, FAILURE, BROKE",
        "FAILURE, FAILURE, STILL_BROKEN",
        "FAILURE, SUCCESS, FIXED",
        "SUCCESS, CANCELED, ",
        "FAILURE, PENDING, ",
        ", UNKNOWN, "
    })
    void transition_says_how_a_run_stands_to_the_one_before(Outcome before, Outcome now, Transition transition) {
        assertThat(Transition.of(before, now)).isEqualTo(transition);
    }

    @Test
    void words_travel_in_lower_case() {
        assertThat(Outcome.CANCELED).hasToString("canceled");
        assertThat(Transition.STILL_BROKEN).hasToString("still_broken");
        assertThat(Source.of("webhook")).isEqualTo(Source.WEBHOOK).hasToString("webhook");
    }
}
