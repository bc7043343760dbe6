package dev.treering.simulation;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** The webhooks a run causes, in the order of their happening. */
public final class Webhooks {

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final long JOB_DELAY_MICROS = 86_719;
    private static final long WORKFLOW_DELAY_MICROS = 134_348;

    private Webhooks() {}

    /** One job-completed for each job a machine ran, one workflow-completed for each stop of a workflow. */
    public static List<Delivery> of(Run run) {
        List<Delivery> deliveries = new ArrayList<>();
        for (Workflow workflow : run.workflows()) {
            workflow.jobs().stream()
                    .filter(job -> job.number().isPresent())
                    .forEach(job -> deliveries.add(jobCompleted(run, workflow, job)));
            for (int stop = 0; stop < workflow.stops().size(); stop++) {
                deliveries.add(workflowCompleted(run, workflow, stop));
            }
        }
        deliveries.sort(Comparator.comparing(Delivery::due));
        return deliveries;
    }

    private static Delivery jobCompleted(Run run, Workflow workflow, Job job) {
        Instant happened = micros(job.stoppedAt(), JOB_DELAY_MICROS);
        ObjectNode body = JSON.objectNode();
        body.put("happened_at", Timestamps.micros(happened));
        body.set("pipeline", pipeline(run));
        body.set("webhook", webhook(run.project()));
        body.put("type", "job-completed");
        body.set("organization", organization(run.project()));
        ObjectNode told = workflow(run, workflow);
        // A job's webhook knows the end of its workflow only when it was the last to stop.
        if (workflow.stoppedBy(job.stoppedAt())) {
            told.put("stopped_at", Timestamps.millis(workflow.stoppedAt()));
        }
        body.set("workflow", told);
        body.set("project", project(run.project()));
        body.set(
                "job",
                JSON.objectNode()
                        .put("id", job.id().toString())
                        .put("name", job.name())
                        .put("started_at", Timestamps.millis(job.startedAt().orElse(job.createdAt())))
                        .put("stopped_at", Timestamps.millis(job.stoppedAt()))
                        .put("status", job.outcome())
                        .put("number", job.number().orElseThrow()));
        return delivery(run, "job-completed", job.id(), happened, body);
    }

    private static Delivery workflowCompleted(Run run, Workflow workflow, int stop) {
        Instant stopped = workflow.stops().get(stop);
        // The first word of a cancellation comes when somebody cancels, although it claims to be as old as the
        // workflow.
        Instant known = stop + 1 < workflow.stops().size() && stop == 0
                ? workflow.stops().get(1).minusMillis(300)
                : stopped;
        Instant happened = micros(known, WORKFLOW_DELAY_MICROS);
        ObjectNode body = JSON.objectNode();
        body.put("type", "workflow-completed");
        body.put("happened_at", Timestamps.micros(happened));
        body.set("webhook", webhook(run.project()));
        body.set(
                "workflow",
                workflow(run, workflow)
                        .put("stopped_at", Timestamps.millis(stopped))
                        .put("status", workflow.outcome()));
        body.set("pipeline", pipeline(run));
        body.set("project", project(run.project()));
        body.set("organization", organization(run.project()));
        return delivery(run, "workflow-completed", workflow.id(), happened, body);
    }

    /**
     * CircleCI's event ids are name-based and nobody says of what. This takes the hard case: all the webhooks of one cancelled
     * workflow share an id, and only their bodies tell them apart.
     */
    private static Delivery delivery(Run run, String type, UUID entity, Instant happened, ObjectNode body) {
        String name = run.project().webhookId() + "/" + type + "/" + entity;
        UUID id = UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
        body.put("id", id.toString());
        return new Delivery(id, type, happened, body.toString());
    }

    private static ObjectNode webhook(Project project) {
        return JSON.objectNode().put("id", project.webhookId().toString()).put("name", "Treering");
    }

    private static ObjectNode organization(Project project) {
        return JSON.objectNode().put("id", project.organizationId().toString()).put("name", project.organization());
    }

    private static ObjectNode project(Project project) {
        return JSON.objectNode()
                .put("id", project.id().toString())
                .put("name", project.name())
                .put("slug", project.longSlug());
    }

    private static ObjectNode workflow(Run run, Workflow workflow) {
        return JSON.objectNode()
                .put("id", workflow.id().toString())
                .put("name", workflow.name())
                .put("created_at", Timestamps.millis(workflow.createdAt()))
                .put("url", Addresses.workflow(run, workflow));
    }

    private static ObjectNode pipeline(Run run) {
        ObjectNode pipeline = JSON.objectNode()
                .put("id", run.id().toString())
                .put("number", run.number())
                .put("created_at", Timestamps.millis(run.createdAt()));
        pipeline.set("trigger", JSON.objectNode().put("type", "webhook"));
        if (run.project().viaGitHubApp()) {
            pipeline.set("trigger_parameters", TriggerParameters.of(run));
        } else {
            pipeline.set("vcs", vcs(run));
        }
        return pipeline;
    }

    private static ObjectNode vcs(Run run) {
        ObjectNode commit = JSON.objectNode();
        commit.put("subject", run.commit().subject());
        commit.put("body", "");
        commit.set("author", author());
        commit.put("authored_at", Timestamps.seconds(run.commit().at()));
        commit.set("committer", author());
        commit.put("committed_at", Timestamps.seconds(run.commit().at()));
        ObjectNode vcs = JSON.objectNode()
                .put("provider_name", "github")
                .put("origin_repository_url", run.project().repository())
                .put("target_repository_url", run.project().repository())
                .put("revision", run.commit().revision());
        vcs.set("commit", commit);
        return vcs.put("branch", run.commit().branch());
    }

    private static ObjectNode author() {
        return JSON.objectNode().put("name", "Acme Developer").put("email", "developer@example.com");
    }

    private static Instant micros(Instant time, long later) {
        return time.plusNanos(later * 1_000);
    }
}
