package dev.treering.api;

import java.time.Instant;
import java.util.UUID;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonInclude.Include;
import com.fasterxml.jackson.annotation.JsonRawValue;
import dev.treering.history.JobView;

/** A job as {@code GET /workflow/{id}/job} lists it. */
record JobBody(
        UUID id,
        String name,
        @JsonInclude(Include.NON_NULL) Long jobNumber,
        String projectSlug,

        @JsonInclude(Include.NON_NULL) @JsonFormat(pattern = Wire.SECONDS, timezone = "UTC")
        Instant createdAt,

        @JsonFormat(pattern = Wire.SECONDS, timezone = "UTC")
        Instant startedAt,

        @JsonInclude(Include.NON_NULL) @JsonFormat(pattern = Wire.SECONDS, timezone = "UTC")
        Instant stoppedAt,

        String status,
        String type,
        @JsonRawValue String dependencies,
        @JsonInclude(Include.NON_NULL) UUID approvedBy,
        @JsonInclude(Include.NON_NULL) UUID canceledBy,
        @JsonInclude(Include.NON_NULL) UUID approvalRequestId) {

    static JobBody of(JobView job) {
        return new JobBody(
                job.id(),
                job.name(),
                job.number(),
                job.projectSlug(),
                job.createdAt(),
                job.startedAt(),
                job.stoppedAt(),
                job.status(),
                job.type() == null ? "build" : job.type(),
                Untold.list(job.dependencies()),
                job.approvedBy(),
                job.canceledBy(),
                job.approvalRequestId());
    }
}
