package dev.treering.history;

import java.time.Instant;
import java.util.UUID;

/**
 * A workflow as the history knows it; what nobody has told yet is null.
 *
 * @param status null while only its jobs were heard of
 */
public record WorkflowView(
        UUID id,
        UUID projectId,
        String name,
        String status,
        Instant createdAt,
        Instant stoppedAt,
        UUID pipelineId,
        Long pipelineNumber,
        String projectSlug,
        UUID startedBy,
        UUID canceledBy,
        UUID erroredBy,
        String tag,
        Integer autoRerunNumber,
        Integer maxAutoReruns) {}
