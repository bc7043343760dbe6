package dev.treering.api;

import java.time.Instant;
import java.util.UUID;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonInclude.Include;
import dev.treering.history.WorkflowView;

/** A workflow as {@code GET /workflow/{id}} and the list of a pipeline give it. */
record WorkflowBody(
        UUID id,
        String name,
        String status,

        @JsonFormat(pattern = Wire.SECONDS, timezone = "UTC")
        Instant createdAt,

        @JsonFormat(pattern = Wire.SECONDS, timezone = "UTC")
        Instant stoppedAt,

        UUID pipelineId,
        Long pipelineNumber,
        String projectSlug,
        UUID startedBy,
        @JsonInclude(Include.NON_NULL) UUID canceledBy,
        @JsonInclude(Include.NON_NULL) UUID erroredBy,
        @JsonInclude(Include.NON_NULL) String tag,
        @JsonInclude(Include.NON_NULL) Integer autoRerunNumber,
        @JsonInclude(Include.NON_NULL) Integer maxAutoReruns) {

    static WorkflowBody of(WorkflowView workflow) {
        return new WorkflowBody(
                workflow.id(),
                workflow.name(),
                // Its jobs end before it does: while only they were heard of, it runs.
                workflow.status() == null ? "running" : workflow.status(),
                workflow.createdAt(),
                workflow.stoppedAt(),
                workflow.pipelineId(),
                workflow.pipelineNumber(),
                workflow.projectSlug(),
                workflow.startedBy(),
                workflow.canceledBy(),
                workflow.erroredBy(),
                workflow.tag(),
                workflow.autoRerunNumber(),
                workflow.maxAutoReruns());
    }
}
