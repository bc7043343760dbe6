package dev.treering.enrichment;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.enrichment.Task.Kind;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** The table of tasks by itself: these tasks are pipelines, which nobody claims on the way. */
@FlowTest
class TasksTest {

    private static final Instant NOON = Instant.parse("2026-11-24T12:00:00Z");

    @Inject
    Tasks tasks;

    @Inject
    Database database;

    private final UUID id = UUID.randomUUID();

    private Task task(Instant namedAt, int version, int attempts) {
        return new Task(Kind.PIPELINE, id, id, "gh/acme/web", id, null, null, namedAt, version, attempts);
    }

    private String row() {
        return database.value(
                "select state || ' version ' || version || ' attempts ' || attempts from enrichment_task where entity_id = ?",
                id);
    }

    /** Named, but not due for the service that runs beside the test. */
    private Task named(Instant at) throws SQLException {
        tasks.name(List.of(task(at, 1, 0)));
        tasks.release(task(at, Integer.parseInt(version()), 0), Duration.ofHours(1));
        return task(at, Integer.parseInt(version()), 0);
    }

    private String version() {
        return database.value("select version::text from enrichment_task where entity_id = ?", id);
    }

    @Test
    void aRedelivery_asksForNothingNewAndALaterEventDoes() throws SQLException {
        Task first = named(NOON);
        tasks.done(first);
        named(NOON);
        assertThat(row()).isEqualTo("done version 1 attempts 0");
        named(NOON.plusSeconds(1));
        assertThat(row()).isEqualTo("pending version 2 attempts 0");
    }

    @Test
    void whatWasNamedAgainMeanwhile_isNeitherDoneNorGivenUpByTheOldClaim() throws SQLException {
        // Given a claim, and a later event
        Task claimed = named(NOON);
        named(NOON.plusSeconds(1));
        // When the old claim ends, either way
        tasks.done(claimed);
        assertThat(row()).isEqualTo("pending version 2 attempts 0");
        tasks.failed(task(NOON, claimed.version(), 9), "in vain", null, true);
        // Then the new naming stands
        assertThat(row()).isEqualTo("pending version 2 attempts 0");
    }

    @Test
    void onlyWhatWasAskedInVain_isGivenUp() throws SQLException {
        Task claimed = named(NOON);
        tasks.failed(task(NOON, claimed.version(), 50), "no answer", null, false);
        assertThat(row()).isEqualTo("pending version 1 attempts 51");
        tasks.failed(task(NOON, claimed.version(), 8), "not found", null, true);
        assertThat(row()).isEqualTo("pending version 1 attempts 9");
        tasks.failed(task(NOON, claimed.version(), 9), "not found", null, true);
        assertThat(row()).isEqualTo("given_up version 1 attempts 10");
    }
}
