package dev.treering.event;

import java.time.Instant;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What {@code GET /project/:slug/job/:number} adds to a job. The answer holds no job id: who asked knows it.
 *
 * @param duration milliseconds
 */
public record JobDetail(
        Long number,
        String name,
        String status,
        String webUrl,
        Instant createdAt,
        Instant queuedAt,
        Instant startedAt,
        Instant stoppedAt,
        Long duration,
        Integer parallelism,
        Executor executor,
        JsonNode parallelRuns,
        JsonNode contexts,
        JsonNode messages) {

    public record Executor(String resourceClass, String type) {}
}
