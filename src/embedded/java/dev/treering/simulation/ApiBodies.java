package dev.treering.simulation;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** API v2 answers about a run as it stands at a moment, in CircleCI's own shape. */
final class ApiBodies {

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final int TESTS = 24;

    private ApiBodies() {}

    static ObjectNode workflow(Run run, Workflow workflow, Instant now) {
        ObjectNode body = JSON.objectNode()
                .put("pipeline_id", run.id().toString())
                .put("id", workflow.id().toString())
                .put("name", workflow.name())
                .put("project_slug", run.project().slug())
                .put("status", workflow.statusAt(now))
                .put("started_by", run.project().ownerId().toString())
                .put("pipeline_number", run.number())
                .put("created_at", Timestamps.seconds(workflow.createdAt()));
        if (!workflow.stoppedBy(now)) {
            return body.putNull("stopped_at");
        }
        if (workflow.outcome().equals("canceled")) {
            body.put("canceled_by", run.project().ownerId().toString());
        }
        return body.put("stopped_at", Timestamps.seconds(workflow.stoppedAt()));
    }

    static ObjectNode jobs(Run run, Workflow workflow, Instant now) {
        ArrayNode items = JSON.arrayNode();
        workflow.jobs().forEach(job -> items.add(job(run, job, now)));
        ObjectNode page = JSON.objectNode();
        page.set("items", items);
        return page.putNull("next_page_token");
    }

    private static ObjectNode job(Run run, Job job, Instant now) {
        ObjectNode item = JSON.objectNode();
        ArrayNode dependencies = item.putArray("dependencies");
        job.dependencies().forEach(id -> dependencies.add(id.toString()));
        item.put("id", job.id().toString())
                .put("created_at", Timestamps.seconds(job.createdAt()))
                .put("name", job.name())
                .put("project_slug", run.project().slug())
                .put("status", job.statusAt(now))
                .put("type", job.approval() ? "approval" : "build");
        if (job.startedBy(now)) {
            job.number().ifPresent(number -> item.put("job_number", number));
            job.startedAt().ifPresent(start -> item.put("started_at", Timestamps.seconds(start)));
            if (job.stoppedBy(now)) {
                item.put("stopped_at", Timestamps.seconds(job.stoppedAt()));
            }
        }
        if (job.approval()) {
            item.put("approval_request_id", job.id().toString());
            if (job.startedBy(now) && job.stoppedBy(now)) {
                item.put("approved_by", run.project().ownerId().toString());
            }
        }
        return item;
    }

    static ObjectNode jobDetails(Run run, Workflow workflow, Job job, Instant now) {
        long number = job.number().orElseThrow();
        ObjectNode body = JSON.objectNode()
                .put("web_url", Addresses.job(run, workflow, number))
                .put("name", job.name())
                .put("number", number)
                .put("status", job.statusAt(now))
                .put("created_at", Timestamps.millis(job.createdAt()))
                .put("queued_at", Timestamps.millis(job.queuedAt()))
                .put("parallelism", job.machine().parallelism());
        body.set(
                "project",
                JSON.objectNode()
                        .put("id", run.project().id().toString())
                        .put("slug", run.project().slug())
                        .put("name", run.project().name())
                        .put("external_url", run.project().repository()));
        ArrayNode containers = body.putArray("parallel_runs");
        for (int index = 0; index < job.machine().parallelism(); index++) {
            containers.addObject().put("index", index).put("status", job.statusAt(now));
        }
        body.putObject("latest_workflow").put("id", workflow.id().toString()).put("name", workflow.name());
        body.putObject("pipeline").put("id", run.id().toString());
        body.putObject("executor")
                .put("resource_class", job.machine().resourceClass())
                .put("type", "docker");
        body.putObject("organization").put("name", run.project().organization());
        body.putArray("messages");
        ArrayNode contexts = body.putArray("contexts");
        job.machine().contexts().forEach(name -> contexts.addObject().put("name", name));
        if (job.startedBy(now)) {
            job.startedAt().ifPresent(start -> body.put("started_at", Timestamps.millis(start)));
        }
        if (job.stoppedBy(now)) {
            return body.put("stopped_at", Timestamps.millis(job.stoppedAt()))
                    .put("duration", job.duration().toMillis());
        }
        return body.putNull("duration");
    }

    static ObjectNode pipeline(Run run) {
        ObjectNode body = JSON.objectNode().put("id", run.id().toString());
        body.putArray("errors");
        body.put("project_slug", run.project().slug())
                .put("updated_at", Timestamps.millis(run.createdAt()))
                .put("number", run.number())
                .put("state", "created")
                .put("created_at", Timestamps.millis(run.createdAt()));
        ObjectNode trigger = body.putObject("trigger");
        trigger.put("received_at", Timestamps.millis(run.createdAt().minusMillis(186)))
                .put("type", "webhook");
        trigger.putObject("actor").put("login", run.project().organization()).putNull("avatar_url");
        if (run.project().viaGitHubApp()) {
            body.set("trigger_parameters", TriggerParameters.of(run));
            return body;
        }
        ObjectNode vcs = body.putObject("vcs");
        vcs.put("origin_repository_url", run.project().repository())
                .put("target_repository_url", run.project().repository())
                .put("revision", run.commit().revision())
                .put("provider_name", "GitHub")
                .put("branch", run.commit().branch());
        vcs.putObject("commit").put("body", "").put("subject", run.commit().subject());
        return body;
    }

    static ObjectNode config(Run run) {
        return JSON.objectNode().put("source", Configuration.source(run)).put("compiled", Configuration.compiled(run));
    }

    /** A job with tests has two pages of them; when it failed, there are failures on both. */
    static List<ObjectNode> tests(Run run, Job job, Instant now) {
        if (!job.finishedBy(now) || !job.hasTests()) {
            return List.of();
        }
        return IntStream.range(0, TESTS)
                .mapToObj(index -> test(run, index, job.outcome().equals("failed")))
                .toList();
    }

    private static ObjectNode test(Run run, int index, boolean someFail) {
        String result = someFail && index % 11 == 10 ? "failure" : index == 5 ? "skipped" : "success";
        String name = run.project().name();
        return JSON.objectNode()
                .put("message", result.equals("failure") ? "expected: <" + index + "> but was: <0>" : null)
                .put("source", "junit")
                .put("run_time", 0.125 * (index + 1))
                .put("file", "src/test/java/acme/" + name + "/PagesTest.java")
                .put("result", result)
                .put("name", "page_" + index + "_is_complete")
                .put("classname", "acme." + name + ".PagesTest");
    }

    /** A log of each container, and a report where there are tests. */
    static List<ObjectNode> artifacts(Job job, Instant now) {
        List<ObjectNode> items = new ArrayList<>();
        if (job.finishedBy(now)) {
            for (int node = 0; node < job.machine().parallelism(); node++) {
                items.add(artifact(job, node, "logs/" + job.name() + ".log"));
            }
            if (job.hasTests()) {
                items.add(artifact(job, 0, "test-results/junit.xml"));
            }
        }
        return items;
    }

    private static ObjectNode artifact(Job job, int node, String path) {
        return JSON.objectNode()
                .put("path", path)
                .put("node_index", node)
                .put("url", Addresses.artifact(job, node, path));
    }

    static ObjectNode project(Project project) {
        ObjectNode body = JSON.objectNode()
                .put("slug", project.slug())
                .put("organization_name", project.organization())
                .put("organization_id", project.organizationId().toString())
                .put("name", project.name())
                .put("id", project.id().toString())
                .put("organization_slug", project.organizationSlug());
        body.putObject("vcs_info")
                .put(
                        "vcs_url",
                        project.viaGitHubApp() ? "https://circleci.com/" + project.slug() : project.repository())
                .put("default_branch", project.defaultBranch())
                .put("provider", project.viaGitHubApp() ? "CircleCI" : "GitHub");
        return body;
    }
}
