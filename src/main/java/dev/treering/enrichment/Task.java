package dev.treering.enrichment;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

import dev.treering.event.Job;
import dev.treering.event.ProjectSlug;
import dev.treering.event.Source;
import dev.treering.event.Webhook;
import dev.treering.support.Uuids;

/**
 * Something to ask API v2 for.
 *
 * @param number a job's, or with {@link Kind#NUMBER} a pipeline's
 * @param source why it is asked for: a webhook named it ({@code API}), reconciliation or a backfill
 * @param namedAt the {@code happened_at} of the webhook that named it, or when the entity was created
 * @param backfillId of the backfill it belongs to
 * @param trace that the webhook that named it belongs to; null where there is none
 * @param version counts the namings: a task is done only where it was not named again meanwhile
 */
record Task(
        Kind kind,
        UUID entityId,
        UUID projectId,
        String projectSlug,
        UUID pipelineId,
        UUID workflowId,
        Long number,
        Source source,
        Instant namedAt,
        UUID backfillId,
        String trace,
        int version,
        int attempts) {

    enum Kind {
        /** A workflow and the list of its jobs. */
        WORKFLOW,
        /** A job's own page; of a failed one also its tests and artifacts. */
        JOB,
        /** A pipeline, its configuration and the list of its workflows: once. */
        PIPELINE,
        /** The same of a pipeline of which only the number is known. */
        NUMBER,
        /** A project is asked for with a pipeline of it; its row only remembers that. */
        PROJECT;

        String sqlName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    record Key(Kind kind, UUID entityId) {}

    /**
     * A task as somebody names it.
     *
     * @param ended whether it is known to have come to its end: then it is due at once
     * @param delay until it is due otherwise; a later naming lets it wait anew, so that a burst is asked for once
     */
    record Named(Task task, boolean ended, Duration delay) {

        /** The one of two namings of the same task that says more. */
        Named or(Named other) {
            Named later = other.task.namedAt.isAfter(task.namedAt) ? other : this;
            return new Named(later.task, ended || other.ended, later.delay);
        }
    }

    Key key() {
        return new Key(kind, entityId);
    }

    /** What is asked first: what happens now, then what was missed, then the past. */
    static int priority(Source source) {
        return source == Source.BACKFILL ? 2 : source == Source.RECONCILE ? 1 : 0;
    }

    private Task tracedBy(String traceparent) {
        return new Task(
                kind,
                entityId,
                projectId,
                projectSlug,
                pipelineId,
                workflowId,
                number,
                source,
                namedAt,
                backfillId,
                traceparent,
                version,
                attempts);
    }

    /** What a webhook names: its workflow, at its end also its pipeline, and its job. A ping names nothing. */
    static List<Named> namedBy(Webhook webhook, String trace, Duration delay) {
        List<Named> tasks = new ArrayList<>(3);
        if (webhook.happenedAt() == null
                || webhook.project() == null
                || webhook.project().id() == null
                || webhook.project().slug() == null) {
            return tasks;
        }
        UUID pipelineId = webhook.pipeline() == null ? null : webhook.pipeline().id();
        UUID workflowId = webhook.workflow() == null ? null : webhook.workflow().id();
        Task project = ofProject(
                        webhook.project().id(),
                        new ProjectSlug(webhook.project().slug()).value(),
                        Source.API,
                        null)
                .tracedBy(trace);
        Instant at = webhook.happenedAt();
        boolean ended = Webhook.WORKFLOW_COMPLETED.equals(webhook.type());
        // A pipeline of which only jobs tell has not ended, or the word of it was lost: reconciliation will see.
        if (pipelineId != null && ended) {
            tasks.add(new Named(project.pipeline(pipelineId, at), true, delay));
        }
        if (workflowId != null) {
            tasks.add(new Named(project.workflow(pipelineId, workflowId, at), ended, delay));
        }
        Job job = webhook.job();
        if (job != null && job.id() != null && job.number() != null) {
            tasks.add(new Named(project.job(pipelineId, workflowId, job, at), true, delay));
        }
        return tasks;
    }

    /** The project as what stands at the beginning of its tasks. */
    static Task ofProject(UUID projectId, String slug, Source source, UUID backfillId) {
        return new Task(
                Kind.PROJECT,
                projectId,
                projectId,
                slug,
                null,
                null,
                null,
                source,
                Instant.EPOCH,
                backfillId,
                null,
                1,
                0);
    }

    Task pipeline(UUID id, Instant at) {
        return child(Kind.PIPELINE, id, id, null, null, at);
    }

    Task number(long pipelineNumber) {
        UUID id = Uuids.named("pipeline/%s/%d".formatted(projectId, pipelineNumber));
        return child(Kind.NUMBER, id, null, null, pipelineNumber, namedAt);
    }

    Task workflow(UUID pipeline, UUID id, Instant at) {
        return child(Kind.WORKFLOW, id, pipeline, id, null, at);
    }

    Task job(UUID pipeline, UUID workflow, Job job, Instant at) {
        return child(Kind.JOB, job.id(), pipeline, workflow, job.number(), at);
    }

    private Task child(Kind of, UUID id, UUID pipeline, UUID workflow, Long numbered, Instant at) {
        return new Task(
                of,
                id,
                projectId,
                projectSlug,
                pipeline,
                workflow,
                numbered,
                source,
                at == null ? namedAt : at,
                backfillId,
                trace,
                1,
                0);
    }
}
