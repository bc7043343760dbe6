package dev.treering.history;

import java.time.Instant;
import java.util.UUID;

/**
 * A job with what its own page tells; what nobody has told yet is null.
 *
 * @param parallelRuns JSON text, a list
 * @param contexts JSON text, a list
 * @param messages JSON text, a list
 */
public record JobDetailView(
        Long number,
        String name,
        String status,
        Instant createdAt,
        Instant queuedAt,
        Instant startedAt,
        Instant stoppedAt,
        Long durationMillis,
        String webUrl,
        UUID projectId,
        String projectSlug,
        String projectName,
        String projectUrl,
        String organizationName,
        UUID pipelineId,
        UUID workflowId,
        String workflowName,
        Integer parallelism,
        String resourceClass,
        String executorType,
        String parallelRuns,
        String contexts,
        String messages) {}
