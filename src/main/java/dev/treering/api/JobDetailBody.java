package dev.treering.api;

import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonInclude.Include;
import com.fasterxml.jackson.annotation.JsonRawValue;
import dev.treering.history.JobDetailView;

/**
 * A job as {@code GET /project/{slug}/job/{number}} gives it.
 *
 * @param duration in milliseconds
 */
record JobDetailBody(
        String webUrl,
        Project project,
        @JsonRawValue String parallelRuns,
        Instant startedAt,
        Instant queuedAt,
        LatestWorkflow latestWorkflow,
        String name,
        Executor executor,
        Integer parallelism,
        String status,
        Long number,
        Pipeline pipeline,
        Long duration,
        Instant createdAt,
        @JsonRawValue String messages,
        @JsonRawValue String contexts,
        Organization organization,
        Instant stoppedAt) {

    record Project(UUID id, String slug, String name, String externalUrl) {}

    record LatestWorkflow(UUID id, String name) {}

    record Executor(
            String resourceClass,
            @JsonInclude(Include.NON_NULL) String type) {}

    record Pipeline(UUID id) {}

    record Organization(String name) {}

    static JobDetailBody of(JobDetailView job) {
        return new JobDetailBody(
                job.webUrl(),
                new Project(job.projectId(), job.projectSlug(), job.projectName(), job.projectUrl()),
                Untold.list(job.parallelRuns()),
                job.startedAt(),
                job.queuedAt(),
                new LatestWorkflow(job.workflowId(), job.workflowName()),
                job.name(),
                new Executor(job.resourceClass(), job.executorType()),
                job.parallelism(),
                job.status(),
                job.number(),
                new Pipeline(job.pipelineId()),
                duration(job),
                job.createdAt(),
                Untold.list(job.messages()),
                Untold.list(job.contexts()),
                new Organization(job.organizationName()),
                job.stoppedAt());
    }

    // Only a job's own page tells the duration, but a webhook tells both times.
    private static Long duration(JobDetailView job) {
        return job.durationMillis() != null || job.startedAt() == null || job.stoppedAt() == null
                ? job.durationMillis()
                : Long.valueOf(
                        Duration.between(job.startedAt(), job.stoppedAt()).toMillis());
    }
}
