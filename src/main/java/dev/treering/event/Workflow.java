package dev.treering.event;

import java.time.Instant;
import java.util.UUID;

/** A workflow as a webhook or {@code GET /workflow/:id} describes it; what the one lacks is null there. */
public record Workflow(
        UUID id,
        UUID pipelineId,
        String name,
        String status,
        Instant createdAt,
        Instant stoppedAt,
        String url,
        UUID startedBy,
        UUID canceledBy,
        UUID erroredBy,
        String tag,
        Integer autoRerunNumber,
        Integer maxAutoReruns) {}
