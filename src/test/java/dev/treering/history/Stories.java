package dev.treering.history;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.treering.Payloads;
import dev.treering.event.Topics;

/**
 * Made-up runs, each as the set of facts that webhooks and answers of the API tell of it. Times are few, so that facts
 * often tie; everything comes from the given generator, so that a seed tells the same stories again.
 */
final class Stories {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<ObjectNode> FLAVOURS = Stream.of(
                    "github-workflow-completed",
                    "github-tag-workflow-completed",
                    "api-triggered-workflow-completed",
                    "bitbucket-workflow-completed",
                    "gitlab-workflow-completed",
                    "github-app-workflow-completed")
            .map(Stories::load)
            .toList();

    private final Random random;
    private UUID project;
    private ObjectNode flavour;
    private UUID pipeline;
    private UUID firstRun;
    private UUID rerun;
    private List<UUID> jobs;
    private Instant begin;

    /** @param readable whether it is one that can become rows */
    record Told(String topic, String eventId, byte[] body, boolean readable) {}

    Stories(Random random) {
        this.random = random;
    }

    private static ObjectNode load(String name) {
        try {
            return (ObjectNode) JSON.readTree(Payloads.webhook(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The facts of one run, in the order in which they happened to be made up. */
    List<Told> next() {
        if (project == null || chance(70)) {
            project = uuid();
        }
        flavour = pick(FLAVOURS);
        pipeline = uuid();
        firstRun = uuid();
        rerun = uuid();
        jobs = List.of(uuid(), uuid(), uuid());
        begin = Instant.parse("2026-03-01T00:00:00Z")
                .plusSeconds(random.nextInt(60 * 86_400))
                .plusNanos(random.nextInt(1_000_000) * 1_000L);
        List<Told> facts = new ArrayList<>();
        int turns = 2 + random.nextInt(4);
        for (int turn = 0; turn < turns; turn++) {
            switch (random.nextInt(11)) {
                case 0, 1 -> facts.add(webhook(workflowCompleted(pick(firstRun, rerun), status(), later())));
                case 2, 3 -> facts.add(webhook(jobCompleted()));
                case 4 -> cancelSequence(facts);
                case 5, 6 -> facts.add(workflowSnapshot());
                case 7 -> facts.add(jobSnapshot());
                case 8 -> sameEventOtherwise(facts);
                case 9 -> facts.add(pipelineSnapshot());
                default -> facts.add(chance(50) ? unreadable() : webhook(envelope("ping")));
            }
        }
        return facts;
    }

    /** One webhook for each job that stops: the first claims that the workflow took no time, the last is right. */
    private void cancelSequence(List<Told> facts) {
        int stops = 2 + random.nextInt(3);
        for (int stop = 0; stop < stops; stop++) {
            ObjectNode body = workflowCompleted(firstRun, "canceled", begin.plusSeconds(stop * 5L));
            body.put(
                    "happened_at",
                    begin.plusSeconds(stop * 5L + random.nextInt(2)).toString());
            facts.add(webhook(body));
        }
    }

    /** An event id that comes with other bytes, or bytes that come with another event id. */
    private void sameEventOtherwise(List<Told> facts) {
        ObjectNode body = workflowCompleted(firstRun, status(), later());
        facts.add(webhook(body));
        if (chance(50)) {
            body.withObjectProperty("workflow").put("name", text());
            facts.add(webhook(body));
        } else {
            facts.add(new Told(Topics.WEBHOOKS, uuid().toString(), bytes(body), true));
        }
    }

    private ObjectNode envelope(String type) {
        ObjectNode body = JSON.createObjectNode();
        body.put("id", uuid().toString()).put("type", type).put("happened_at", observed());
        body.putObject("webhook").put("id", new UUID(7, random.nextInt(3)).toString());
        return body;
    }

    private ObjectNode run(String type) {
        ObjectNode body = envelope(type);
        ObjectNode template = chance(80) ? flavour : pick(FLAVOURS);
        body.set("pipeline", pipeline(template));
        body.set("project", project(template));
        if (chance(90)) {
            ObjectNode organization = body.putObject("organization").put("name", text());
            if (chance(80)) {
                organization.put("id", new UUID(8, random.nextInt(3)).toString());
            }
        }
        return body;
    }

    private ObjectNode pipeline(ObjectNode template) {
        ObjectNode node = template.withObjectProperty("pipeline").deepCopy();
        node.put("id", pipeline.toString()).put("number", 1 + random.nextInt(3));
        node.put("created_at", begin.toString());
        if (node.has("vcs")) {
            if (node.get("vcs").get("branch").isTextual()) {
                node.withObjectProperty("vcs").put("branch", text());
            }
            if (chance(30)) {
                node.withObjectProperty("vcs").remove("commit");
            } else if (chance(50)) {
                node.withObjectProperty("vcs").withObjectProperty("commit").put("subject", text());
            }
        } else if (chance(30)) {
            node.withObjectProperty("trigger_parameters")
                    .withObjectProperty("git")
                    .put("branch", "");
        } else if (chance(10)) {
            node.remove("trigger_parameters");
        }
        return node;
    }

    private ObjectNode project(ObjectNode template) {
        ObjectNode node = template.withObjectProperty("project").deepCopy();
        return node.put("id", project.toString()).put("name", text());
    }

    private ObjectNode workflowCompleted(UUID workflow, String status, Instant stoppedAt) {
        ObjectNode body = run("workflow-completed");
        body.set("workflow", workflow(workflow, stoppedAt).put("status", status));
        return body;
    }

    private ObjectNode workflow(UUID id, Instant stoppedAt) {
        ObjectNode node = JSON.createObjectNode();
        node.put("id", id.toString()).put("name", text()).put("created_at", begin.toString());
        node.put("url", chance(70) ? "https://app.circleci.com/" + text() : "");
        return stoppedAt == null ? node : node.put("stopped_at", stoppedAt.toString());
    }

    private ObjectNode jobCompleted() {
        ObjectNode body = run("job-completed");
        if (chance(80)) {
            body.set("workflow", workflow(pick(firstRun, rerun), chance(50) ? later() : null));
        }
        ObjectNode job = body.putObject("job").put("id", pick(jobs).toString());
        job.put("name", text()).put("number", random.nextInt(3)).put("status", status());
        job.put("started_at", begin.toString());
        if (chance(90)) {
            job.put("stopped_at", later().toString());
        }
        return body;
    }

    private Told workflowSnapshot() {
        ObjectNode body = snapshot();
        boolean over = chance(50);
        ObjectNode workflow = workflow(pick(firstRun, rerun), over ? later() : null);
        workflow.remove("url");
        workflow.put("pipeline_id", pipeline.toString());
        workflow.put("status", over ? pick("success", "failed", "canceled") : pick("running", "on_hold", "failing"));
        if (chance(30)) {
            workflow.put("started_by", uuid().toString()).put("errored_by", uuid().toString());
            workflow.put("canceled_by", uuid().toString()).put("tag", text());
            workflow.put("auto_rerun_number", 1).put("max_auto_reruns", 3);
        }
        body.set("workflow", workflow);
        if (chance(60)) {
            var list = body.putArray("jobs");
            for (UUID job : jobs.subList(0, random.nextInt(4))) {
                ObjectNode item = list.addObject().put("id", job.toString()).put("name", text());
                item.put("type", pick("build", "approval"));
                item.put("status", pick("success", "failed", "on_hold", "blocked", "running", "not_run"));
                item.putArray("dependencies").add(jobs.get(0).toString());
                if (chance(50)) {
                    item.put("job_number", random.nextInt(3)).put("started_at", begin.toString());
                }
                if (chance(50)) {
                    item.put("stopped_at", later().toString());
                }
            }
        }
        if (chance(40)) {
            body.set("pipeline", toldPipeline());
        }
        toldProject(body);
        return told(Topics.SNAPSHOTS, body);
    }

    private ObjectNode toldPipeline() {
        ObjectNode node = pipeline(chance(80) ? flavour : pick(FLAVOURS));
        node.put("state", pick("created", "errored")).put("updated_at", later().toString());
        node.putArray("errors").addObject().put("type", "config").put("message", text());
        node.withObjectProperty("trigger")
                .put("received_at", begin.toString())
                .putObject("actor")
                .put("login", text());
        return node;
    }

    private void toldProject(ObjectNode body) {
        if (chance(40)) {
            ObjectNode node = project(flavour).put("organization_name", text());
            node.putObject("vcs_info").put("provider", "GitHub").put("default_branch", text());
            body.set("project", node);
        }
    }

    private Told pipelineSnapshot() {
        ObjectNode body = snapshot();
        body.set("pipeline", toldPipeline());
        toldProject(body);
        if (chance(50)) {
            body.putObject("config").put("source", text()).put("compiled", text());
        }
        return told(Topics.SNAPSHOTS, body);
    }

    private Told jobSnapshot() {
        ObjectNode body = snapshot();
        body.put("job_id", pick(jobs).toString());
        if (chance(80)) {
            body.put("workflow_id", pick(firstRun, rerun).toString()).put("pipeline_id", pipeline.toString());
        }
        ObjectNode job = body.putObject("job").put("number", random.nextInt(3)).put("name", text());
        job.put("status", pick("success", "failed", "running")).put("started_at", begin.toString());
        job.put("web_url", "https://app.circleci.com/" + text()).put("duration", random.nextInt(9_000));
        job.put("queued_at", begin.toString()).put("parallelism", 1 + random.nextInt(2));
        job.putObject("executor").put("resource_class", pick("small", "large"));
        job.putArray("parallel_runs").addObject().put("index", 0).put("status", "success");
        if (chance(60)) {
            job.put("stopped_at", later().toString());
        }
        if (chance(40)) {
            ObjectNode tests =
                    body.putObject("tests").put("total", 3 + random.nextInt(2)).put("failed", 1);
            tests.put("skipped", random.nextInt(2))
                    .putArray("failures")
                    .addObject()
                    .put("name", pick("one", "two"));
            body.putArray("artifacts").addObject().put("path", "log.txt").put("node_index", random.nextInt(2));
        }
        return told(Topics.SNAPSHOTS, body);
    }

    private ObjectNode snapshot() {
        ObjectNode body = JSON.createObjectNode().put("id", uuid().toString());
        body.put("observed_at", observed()).put("source", pick("api", "backfill", "reconcile"));
        return body.put("project_id", project.toString());
    }

    private Told unreadable() {
        ObjectNode body = workflowCompleted(firstRun, status(), later());
        String id = body.get("id").asText();
        switch (random.nextInt(9)) {
            case 0 -> body.put("type", "job-started");
            case 1 -> body.remove("happened_at");
            case 2 -> body.withObjectProperty("workflow").remove("status");
            case 3 -> body.withObjectProperty("project").put("slug", "acme/web");
            case 4 -> body.withObjectProperty("pipeline").put("id", "41");
            // What PostgreSQL cannot hold, or not in an index.
            case 5 -> body.withObjectProperty("workflow").put("name", "a\0b");
            case 6 ->
                body.withObjectProperty("pipeline")
                        .putObject("trigger_parameters")
                        .put("x", "\0" + text());
            case 7 -> body.withObjectProperty("pipeline").putObject("vcs").put("branch", "b".repeat(3000));
            default -> {
                return new Told(Topics.WEBHOOKS, id, (text() + "{").getBytes(StandardCharsets.UTF_8), false);
            }
        }
        return new Told(Topics.WEBHOOKS, id, bytes(body), false);
    }

    private Told webhook(ObjectNode body) {
        return told(Topics.WEBHOOKS, body);
    }

    private static Told told(String topic, ObjectNode body) {
        return new Told(topic, body.get("id").asText(), bytes(body), true);
    }

    private static byte[] bytes(ObjectNode body) {
        try {
            return JSON.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String status() {
        return pick("success", "failed", "error", "canceled", "unauthorized", "exploded");
    }

    private String observed() {
        return later().plusNanos(random.nextInt(2) * 1_000L).toString();
    }

    private Instant later() {
        // Beyond 2262 nanoseconds do not fit into a long; beyond 2286 a stamp clamps, which the model does not.
        if (chance(1)) {
            return Instant.parse("2270-01-01T00:00:00Z");
        }
        return begin.plus(Duration.ofSeconds(random.nextInt(4) * 10L));
    }

    private String text() {
        return pick("alpha", "beta", "gamma", "δέλτα", "e'\"\\\n{,}", " ");
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    private UUID uuid() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    @SafeVarargs
    private <T> T pick(T... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private <T> T pick(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }
}
