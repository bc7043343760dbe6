package dev.treering.history;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.treering.event.Act;
import dev.treering.event.Snapshot;
import dev.treering.event.Source;
import dev.treering.event.Topics;
import dev.treering.event.Webhook;
import dev.treering.history.Unfoldable.Reason;
import dev.treering.support.Json;

/** Judges a fact: what it says as rows, or why it cannot be said. Pure; the same bytes always give the same answer. */
final class FactReader {

    private static final ObjectReader WEBHOOK = Json.CIRCLECI.readerFor(Webhook.class);
    private static final ObjectReader ACT = Json.CIRCLECI.readerFor(Act.class);
    private static final ObjectReader SNAPSHOT = Json.CIRCLECI.readerFor(Snapshot.class);

    /**
     * @param webhookId of the delivery; empty where it is none
     * @param happenedAt by CircleCI's clock
     * @param source who said it; null of an act
     */
    record Content(List<Row> rows, String webhookId, Instant happenedAt, Source source) {

        /** The one row of the table that is spoken of; null where there is none or there are several. */
        UUID one(Table table) {
            UUID one = null;
            for (Row row : rows) {
                if (row.table() == table && !row.id().equals(one)) {
                    if (one != null) {
                        return null;
                    }
                    one = row.id();
                }
            }
            return one;
        }
    }

    private FactReader() {}

    static Content read(Fact fact) throws Unfoldable {
        try {
            Content content = switch (fact.topic()) {
                case Topics.SNAPSHOTS -> snapshot(SNAPSHOT.readValue(fact.body()), fact);
                case Topics.ACTS -> act(ACT.readValue(fact.body()));
                default -> webhook(WEBHOOK.readValue(fact.body()), fact);
            };
            requireStorable(content.rows);
            return content;
        } catch (JsonProcessingException e) {
            throw new Unfoldable(Reason.UNREADABLE, e.getOriginalMessage());
        } catch (IOException | IllegalArgumentException e) {
            throw new Unfoldable(Reason.UNREADABLE, e.getMessage());
        }
    }

    private static Content webhook(Webhook webhook, Fact fact) throws Unfoldable {
        if (webhook == null) {
            throw new Unfoldable(Reason.UNREADABLE, "the body is null");
        }
        require(webhook.id(), "id");
        require(webhook.type(), "type");
        require(webhook.happenedAt(), "happened_at");
        String webhookId = webhook.webhook() == null || webhook.webhook().id() == null
                ? ""
                : webhook.webhook().id().toString();
        Telling telling = new Telling(webhook.happenedAt(), Source.WEBHOOK, fact.digest());
        switch (webhook.type()) {
            case Webhook.WORKFLOW_COMPLETED -> {
                require(webhook.workflow() == null ? null : webhook.workflow().id(), "workflow.id");
                require(webhook.workflow().status(), "workflow.status");
                run(webhook, telling);
            }
            case Webhook.JOB_COMPLETED -> {
                require(webhook.job() == null ? null : webhook.job().id(), "job.id");
                require(webhook.job().status(), "job.status");
                run(webhook, telling);
            }
            case Webhook.PING -> {
                // Proves the connection; the trail keeps it, the history has nothing to learn from it.
            }
            default ->
                throw new Unfoldable(
                        Reason.UNRECOGNISED, "event type '%s' is not known to this version".formatted(webhook.type()));
        }
        return new Content(telling.rows(), webhookId, webhook.happenedAt(), Source.WEBHOOK);
    }

    private static void run(Webhook webhook, Telling telling) throws Unfoldable {
        UUID projectId = webhook.project() == null ? null : webhook.project().id();
        UUID pipelineId = webhook.pipeline() == null ? null : webhook.pipeline().id();
        require(projectId, "project.id");
        require(pipelineId, "pipeline.id");
        Webhook.Organization organization =
                webhook.organization() == null ? new Webhook.Organization(null, null) : webhook.organization();
        telling.project(webhook.project(), organization.id(), organization.name());
        telling.pipeline(projectId, webhook.pipeline());
        UUID workflowId = null;
        if (webhook.workflow() != null && webhook.workflow().id() != null) {
            workflowId = webhook.workflow().id();
            telling.workflow(projectId, pipelineId, webhook.workflow());
        }
        if (webhook.job() != null && webhook.job().id() != null) {
            telling.job(projectId, pipelineId, workflowId, webhook.job());
        }
    }

    private static Content snapshot(Snapshot snapshot, Fact fact) throws Unfoldable {
        if (snapshot == null) {
            throw new Unfoldable(Reason.UNREADABLE, "the body is null");
        }
        Telling telling = new Telling(snapshot.observedAt(), snapshot.source(), fact.digest());
        UUID projectId = snapshot.projectId();
        if (snapshot.project() == null) {
            telling.placeholder(Table.PROJECT, projectId);
        } else {
            telling.project(
                    snapshot.project(),
                    snapshot.project().organizationId(),
                    snapshot.project().organizationName());
        }
        if (snapshot.workflow() != null) {
            UUID pipelineId = snapshot.workflow().pipelineId();
            if (snapshot.pipeline() == null) {
                telling.placeholder(Table.PIPELINE, pipelineId);
            } else {
                telling.pipeline(projectId, snapshot.pipeline());
            }
            telling.workflow(projectId, pipelineId, snapshot.workflow());
            snapshot.jobs()
                    .forEach(job -> telling.job(
                            projectId, pipelineId, snapshot.workflow().id(), job));
        } else if (snapshot.job() != null) {
            UUID jobId = snapshot.jobId();
            telling.placeholder(Table.PIPELINE, snapshot.pipelineId());
            telling.placeholder(Table.WORKFLOW, snapshot.workflowId());
            telling.jobDetail(projectId, snapshot.pipelineId(), snapshot.workflowId(), jobId, snapshot.job());
            if (snapshot.tests() != null) {
                telling.tests(jobId, snapshot.tests());
            }
            if (snapshot.artifacts() != null) {
                telling.artifacts(jobId, snapshot.artifacts());
            }
        } else {
            telling.pipeline(projectId, snapshot.pipeline());
            if (snapshot.config() != null) {
                telling.pipelineConfig(snapshot.pipeline().id(), snapshot.config());
            }
        }
        return new Content(telling.rows(), "", snapshot.observedAt(), snapshot.source());
    }

    // The trail keeps it; the history has nothing to learn from it.
    private static Content act(Act act) throws Unfoldable {
        if (act == null) {
            throw new Unfoldable(Reason.UNREADABLE, "the body is null");
        }
        return new Content(List.of(), "", null, null);
    }

    // PostgreSQL would say so itself, but only where no other fact of the batch hides the value: whether a fact is dead
    // must not depend on its company.
    private static void requireStorable(List<Row> rows) throws Unfoldable {
        for (Row row : rows) {
            require(row.id(), row.table().sqlName() + ".id");
            for (var said : row.said().entrySet()) {
                List<Group.Column> columns = said.getKey().columns;
                for (int i = 0; i < columns.size(); i++) {
                    if (!columns.get(i).holds(said.getValue().values()[i])) {
                        throw new Unfoldable(
                                Reason.REFUSED,
                                "'%s' cannot be stored: it holds NUL or is too long"
                                        .formatted(columns.get(i).name()));
                    }
                }
            }
        }
    }

    private static void require(Object value, String name) throws Unfoldable {
        if (value == null) {
            throw new Unfoldable(Reason.INCOMPLETE, "'%s' is missing".formatted(name));
        }
    }
}
