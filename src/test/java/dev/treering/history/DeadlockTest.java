package dev.treering.history;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Signed;
import io.micrometer.core.instrument.MeterRegistry;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** Two sessions that lock the same rows in opposite order: PostgreSQL ends the one that waited first, which is ours. */
@FlowTest
class DeadlockTest {

    private final UUID project = UUID.randomUUID();
    private final UUID pipeline = UUID.randomUUID();
    private final UUID workflow = UUID.randomUUID();
    private final UUID job = UUID.randomUUID();

    @Inject
    Database database;

    @Inject
    DataSource connections;

    @Inject
    MeterRegistry meters;

    private String jobCompleted(String status, String stoppedAt) {
        UUID event = UUID.randomUUID();
        byte[] body = """
                {"type": "job-completed", "id": "%s", "happened_at": "%s",
                 "project": {"id": "%s", "name": "web", "slug": "github/acme/deadlock"},
                 "organization": {"id": "9f6b2c1a-0000-4000-8000-000000000002", "name": "acme"},
                 "workflow": {"id": "%s", "name": "build"},
                 "pipeline": {"id": "%s", "number": 7, "created_at": "2026-11-20T10:00:00Z"},
                 "job": {"id": "%s", "name": "test", "number": 3, "status": "%s", "stopped_at": "%s"}}""".formatted(event, stoppedAt, project, workflow, pipeline, job, status, stoppedAt)
                .getBytes(UTF_8);
        Signed.post(body).then().statusCode(202);
        return event.toString();
    }

    private void awaitApplied(String event) {
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(database.value("select outcome from trail where event_id = ?", event))
                        .isEqualTo("applied"));
    }

    private double conflicts() {
        return meters.counter("treering.database.retries", "work", "history", "reason", "conflict")
                .count();
    }

    @Test
    @Tag("F26")
    void theVictimOfADeadlock_isRecordedAtTheNextTry() throws SQLException {
        // Given
        awaitApplied(jobCompleted("failed", "2026-11-20T10:05:00Z"));
        double before = conflicts();
        try (Connection other = connections.getConnection()) {
            other.setAutoCommit(false);
            touch(other, "job", job);
            // When
            String event = jobCompleted("success", "2026-11-20T10:06:00Z");
            await().untilAsserted(() -> assertThat(database.count("select count(*) from pg_stat_activity"
                            + " where wait_event_type = 'Lock' and query like 'with after as%'"))
                    .isOne());
            touch(other, "workflow", workflow);
            other.rollback();
            // Then
            awaitApplied(event);
            assertThat(conflicts()).isGreaterThan(before);
            assertThat(database.value("select status from job where id = ?", job))
                    .isEqualTo("success");
        }
    }

    private static void touch(Connection connection, String table, UUID id) throws SQLException {
        try (var statement = connection.prepareStatement("select 1 from " + table + " where id = ? for update")) {
            statement.setObject(1, id);
            statement.execute();
        }
    }
}
