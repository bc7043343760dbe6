package dev.treering.enrichment;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

import dev.treering.event.ProjectSlug;
import dev.treering.event.Webhook;

/**
 * Something to ask API v2 for.
 *
 * @param namedAt the {@code happened_at} of the webhook that named it
 * @param version counts the namings: a task is done only where it was not named again meanwhile
 */
record Task(
        Kind kind,
        UUID entityId,
        UUID projectId,
        String projectSlug,
        UUID pipelineId,
        UUID workflowId,
        Long jobNumber,
        Instant namedAt,
        int version,
        int attempts) {

    /** Pipelines and projects are asked once, with the first workflow of theirs; their rows only remember that. */
    enum Kind {
        WORKFLOW,
        JOB,
        PIPELINE,
        PROJECT;

        String sqlName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    record Key(Kind kind, UUID entityId) {}

    Key key() {
        return new Key(kind, entityId);
    }

    /** What a webhook names: its workflow, and its job where it has one. A ping names nothing. */
    static List<Task> namedBy(Webhook webhook) {
        List<Task> tasks = new ArrayList<>(2);
        if (webhook.happenedAt() == null
                || webhook.project() == null
                || webhook.project().id() == null
                || webhook.project().slug() == null) {
            return tasks;
        }
        UUID projectId = webhook.project().id();
        String slug = new ProjectSlug(webhook.project().slug()).value();
        UUID pipelineId = webhook.pipeline() == null ? null : webhook.pipeline().id();
        UUID workflowId = webhook.workflow() == null ? null : webhook.workflow().id();
        if (workflowId != null) {
            tasks.add(new Task(
                    Kind.WORKFLOW,
                    workflowId,
                    projectId,
                    slug,
                    pipelineId,
                    workflowId,
                    null,
                    webhook.happenedAt(),
                    1,
                    0));
        }
        if (webhook.job() != null && webhook.job().id() != null && webhook.job().number() != null) {
            tasks.add(new Task(
                    Kind.JOB,
                    webhook.job().id(),
                    projectId,
                    slug,
                    pipelineId,
                    workflowId,
                    webhook.job().number(),
                    webhook.happenedAt(),
                    1,
                    0));
        }
        return tasks;
    }
}
