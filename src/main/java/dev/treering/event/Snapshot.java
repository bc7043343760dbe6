package dev.treering.event;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

import jakarta.validation.constraints.NotNull;

/**
 * What API v2 said, the value on {@link Topics#SNAPSHOTS}: of one workflow with its jobs, of one job, or of one pipeline,
 * with its project where that was not known yet.
 *
 * @param id of this answer, the record's {@code ce_id}
 * @param observedAt the {@code Date} of the answer (of the first, where several were needed), never our clock
 * @param config with {@code pipeline}: its configuration, where that was asked for
 * @param jobId with {@code job}: the job the detail belongs to, with its workflow and pipeline
 * @param tests with {@code job}: what its tests said, where that was asked for
 * @param artifacts with {@code job}: what it stored, where that was asked for
 */
public record Snapshot(
        @NotNull UUID id,
        @NotNull Instant observedAt,
        @NotNull Source source,
        @NotNull UUID projectId,
        Workflow workflow,
        @NotNull List<Job> jobs,
        Pipeline pipeline,
        Project project,
        PipelineConfig config,
        UUID jobId,
        UUID workflowId,
        UUID pipelineId,
        JobDetail job,
        TestResults tests,
        List<Artifact> artifacts) {

    public Snapshot {
        if (id == null || observedAt == null || source == null || projectId == null) {
            throw new IllegalArgumentException("a snapshot has id, observed_at, source and project_id");
        }
        if (workflow != null && job != null || workflow == null && job == null && pipeline == null) {
            throw new IllegalArgumentException("a snapshot is of one workflow, one job or one pipeline");
        }
        if (workflow != null && workflow.id() == null || job != null && jobId == null) {
            throw new IllegalArgumentException("a snapshot names its workflow or job by id");
        }
        jobs = jobs == null ? List.of() : List.copyOf(jobs);
    }

    public static Snapshot ofWorkflow(
            Instant observedAt, Source source, UUID projectId, Workflow workflow, List<Job> jobs) {
        return new Snapshot(
                UUID.randomUUID(),
                observedAt,
                source,
                projectId,
                workflow,
                jobs,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    /** @param project null where it is known already; {@code config} null where it was not asked for */
    public static Snapshot ofPipeline(
            Instant observedAt,
            Source source,
            UUID projectId,
            Pipeline pipeline,
            Project project,
            PipelineConfig config) {
        return new Snapshot(
                UUID.randomUUID(),
                observedAt,
                source,
                projectId,
                null,
                null,
                pipeline,
                project,
                config,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    /** @param tests null, as {@code artifacts}, where they were not asked for */
    public static Snapshot ofJob(
            Instant observedAt,
            Source source,
            UUID projectId,
            UUID jobId,
            UUID workflowId,
            UUID pipelineId,
            JobDetail job,
            TestResults tests,
            List<Artifact> artifacts) {
        return new Snapshot(
                UUID.randomUUID(),
                observedAt,
                source,
                projectId,
                null,
                null,
                null,
                null,
                null,
                jobId,
                workflowId,
                pipelineId,
                job,
                tests,
                artifacts);
    }

    /** What it is of. */
    public String subject() {
        return workflow != null ? "workflow" : job != null ? "job" : "pipeline";
    }
}
