package dev.treering.support;

import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class PatienceTest {

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Patience patience = new Patience(new Accounting(meters, Clock.systemUTC()));

    private double retries(String reason) {
        return meters.counter("treering.database.retries", "work", "history", "reason", reason)
                .count();
    }

    @Test
    @Tag("F26")
    void aConflict_isTriedAgainAtOnceAndNobodyIsAlarmed() throws InterruptedException {
        // Given
        Queue<SQLException> conflicts = new ArrayDeque<>(
                List.of(new SQLException("deadlock", "40P01"), new SQLException("serialize", "40001")));
        // When
        String done = patience.until("history", () -> {
            if (!conflicts.isEmpty()) {
                assertThat(patience.waiting()).isEmpty();
                throw conflicts.remove();
            }
            return "done";
        });
        // Then
        assertThat(done).isEqualTo("done");
        assertThat(retries("conflict")).isEqualTo(2);
        assertThat(retries("away")).isZero();
    }

    @Test
    @Tag("F26")
    void aConflictThatDoesNotEnd_isSaidAfterFiveTries() {
        // When
        assertThatThrownBy(() -> patience.until("history", () -> {
                    if (!patience.waiting().isEmpty()) {
                        patience.stop(new ShutdownEvent());
                    }
                    throw new SQLException("deadlock", "40P01");
                }))
                // Then
                .isInstanceOf(IllegalStateException.class)
                .hasRootCauseMessage("deadlock");
        assertThat(retries("conflict")).isEqualTo(5);
        assertThat(patience.waiting()).containsEntry("history", "deadlock");
    }

    @Test
    @Tag("F23")
    void aDatabaseThatIsAway_isNamedUntilItIsBack() throws InterruptedException {
        // When
        Queue<SQLException> refused = new ArrayDeque<>(List.of(new SQLException("refused", "08001")));
        patience.until("history", () -> {
            if (!refused.isEmpty()) {
                throw refused.remove();
            }
            // Then
            assertThat(patience.waiting()).containsEntry("history", "refused");
            return null;
        });
        assertThat(patience.waiting()).isEmpty();
        assertThat(retries("away")).isOne();
    }
}
