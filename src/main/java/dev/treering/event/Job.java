package dev.treering.event;

import java.time.Instant;
import java.util.UUID;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.databind.JsonNode;

/**
 * A job as a webhook ({@code number}) or an item of {@code GET /workflow/:id/job} ({@code job_number}) describes it.
 * Approval jobs have no number, and jobs that never started no times.
 */
public record Job(
        UUID id,
        @JsonAlias("job_number") Long number,
        String name,
        String status,
        String type,
        Instant startedAt,
        Instant stoppedAt,
        JsonNode dependencies,
        UUID approvedBy,
        UUID canceledBy,
        UUID approvalRequestId) {}
