package dev.treering.history;

import java.time.Instant;
import java.util.UUID;

/**
 * A job as one of a workflow's; what nobody has told yet is null.
 *
 * @param number null for approvals and for jobs that never started
 * @param dependencies JSON text, a list of job ids
 */
public record JobView(
        UUID id,
        String name,
        Long number,
        String projectSlug,
        Instant createdAt,
        Instant startedAt,
        Instant stoppedAt,
        String status,
        String type,
        String dependencies,
        UUID approvedBy,
        UUID canceledBy,
        UUID approvalRequestId) {}
