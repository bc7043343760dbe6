package dev.treering.history;

import java.sql.SQLException;

import jakarta.inject.Singleton;

import dev.treering.support.Notice;
import dev.treering.support.SchemaJob;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import io.smallrye.common.annotation.Identifier;

/** Looks whether the database still is the one that was written to. */
@Singleton
class PositionsJob {

    private final HistoryPositions positions;
    private final SchemaJob schema;
    private final Notice away = new Notice();

    PositionsJob(@Identifier("history") HistoryPositions positions, SchemaJob schema) {
        this.positions = positions;
        this.schema = schema;
    }

    @Scheduled(
            every = "10s",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void compare() {
        if (!schema.current()) {
            return;
        }
        try {
            positions.compare();
            away.over();
        } catch (SQLException e) {
            away.say("It cannot be looked up how far the history has read, trying again: " + e.getMessage());
        }
    }
}
