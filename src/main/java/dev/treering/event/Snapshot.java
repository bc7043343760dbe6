package dev.treering.event;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * What API v2 said, the value on {@link Topics#SNAPSHOTS}: of one workflow (with its jobs and, where they were not known
 * yet, its pipeline and project), or of one job.
 *
 * @param id of this answer, the record's {@code ce_id}
 * @param observedAt the {@code Date} of the answer (of the first, where several were needed), never our clock
 * @param jobId with {@code job}: the job the detail belongs to, with its workflow and pipeline
 */
public record Snapshot(
        UUID id,
        Instant observedAt,
        Source source,
        UUID projectId,
        Workflow workflow,
        List<Job> jobs,
        Pipeline pipeline,
        Project project,
        UUID jobId,
        UUID workflowId,
        UUID pipelineId,
        JobDetail job) {

    public Snapshot {
        if (id == null || observedAt == null || source == null || projectId == null) {
            throw new IllegalArgumentException("a snapshot has id, observed_at, source and project_id");
        }
        if ((workflow == null) == (job == null)) {
            throw new IllegalArgumentException("a snapshot is of one workflow or of one job");
        }
        if (workflow != null && workflow.id() == null || job != null && jobId == null) {
            throw new IllegalArgumentException("a snapshot names its workflow or job by id");
        }
        jobs = jobs == null ? List.of() : List.copyOf(jobs);
    }

    public static Snapshot ofWorkflow(
            UUID id,
            Instant observedAt,
            Source source,
            UUID projectId,
            Workflow workflow,
            List<Job> jobs,
            Pipeline pipeline,
            Project project) {
        return new Snapshot(
                id, observedAt, source, projectId, workflow, jobs, pipeline, project, null, null, null, null);
    }

    public static Snapshot ofJob(
            UUID id,
            Instant observedAt,
            Source source,
            UUID projectId,
            UUID jobId,
            UUID workflowId,
            UUID pipelineId,
            JobDetail job) {
        return new Snapshot(
                id, observedAt, source, projectId, null, null, null, null, jobId, workflowId, pipelineId, job);
    }
}
