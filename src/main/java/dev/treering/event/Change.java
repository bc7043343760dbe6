package dev.treering.event;

import java.time.Instant;
import java.util.UUID;

import jakarta.validation.constraints.NotNull;

/**
 * What changed in the history, the value on {@link Topics#EVENTS}. A later correction (a cancelled workflow that ends
 * later than first told) is a new event with a new id; the same state never gets two ids.
 *
 * @param id UUIDv5 of entity, status and stopped_at
 * @param entity {@code workflow}, {@code job} or {@code pipeline}
 * @param status CircleCI's own word
 * @param transition of a finished workflow on its branch, as known then; else null
 * @param enriched whether API v2 has completed this entity yet
 */
public record Change(
        @NotNull UUID id,
        @NotNull String entity,
        @NotNull UUID entityId,
        String name,
        String status,
        @NotNull Outcome outcome,
        Transition transition,
        UUID projectId,
        String projectSlug,
        UUID pipelineId,
        Long pipelineNumber,
        UUID workflowId,
        Long jobNumber,
        String branch,
        String tag,
        String revision,
        Instant createdAt,
        Instant stoppedAt,
        boolean enriched) {}
