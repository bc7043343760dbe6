package dev.treering.history;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.event.Topics;
import dev.treering.history.Stories.Told;

/**
 * The merge once more, written plainly and apart from the code it judges: a function over the set of facts. It reads
 * JSON by hand and keeps, for every group of columns, the greatest claim.
 */
final class ReferenceHistory {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> SOURCES = List.of("api", "backfill", "reconcile", "webhook");
    private static final Set<String> ENDS = Set.of(
            "success",
            "failed",
            "error",
            "errored",
            "unauthorized",
            "infrastructure_fail",
            "timedout",
            "terminated-unknown",
            "canceled",
            "not_run",
            "retried",
            "created");

    private record Weight(boolean end, Instant stoppedAt, Instant observedAt, int source, String digest)
            implements Comparable<Weight> {

        private static final Comparator<Weight> ORDER = Comparator.comparing(Weight::end)
                .thenComparing(Weight::stoppedAt)
                .thenComparing(Weight::observedAt)
                .thenComparing(Weight::source)
                .thenComparing(Weight::digest);

        @Override
        public int compareTo(Weight other) {
            return ORDER.compare(this, other);
        }
    }

    private record Claim(Weight weight, Map<String, Object> values) {}

    // Table, id, group.
    private final Map<String, Map<String, Map<String, Claim>>> claims = new HashMap<>();

    private final Set<String> slugs = new TreeSet<>();
    private Weight weight;

    static ReferenceHistory of(Iterable<Told> facts) {
        ReferenceHistory history = new ReferenceHistory();
        for (Told fact : facts) {
            if (fact.readable()) {
                history.hear(fact);
            }
        }
        return history;
    }

    /** The rows of a table: id, and what is not null in its columns. */
    Map<String, Map<String, Object>> rows(String table) {
        Map<String, Map<String, Object>> rows = new TreeMap<>();
        claims.getOrDefault(table, Map.of()).forEach((id, groups) -> {
            Map<String, Object> row = new TreeMap<>();
            groups.values()
                    .forEach(claim -> claim.values.forEach((column, value) -> {
                        if (value != null) {
                            row.put(column, value);
                        }
                    }));
            rows.put(id, row);
        });
        return rows;
    }

    /** Every name of every project: {@code gh/acme/web} and the project's id. */
    Set<String> slugs() {
        return slugs;
    }

    private void hear(Told fact) {
        JsonNode body;
        String digest;
        try {
            body = JSON.readTree(fact.body());
            digest = HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(fact.body()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        boolean webhook = fact.topic().equals(Topics.WEBHOOKS);
        String source = webhook ? "webhook" : body.get("source").asText();
        Instant observedAt = time(body.path(webhook ? "happened_at" : "observed_at"));
        weight = new Weight(false, Instant.EPOCH, observedAt, SOURCES.indexOf(source), digest);
        if (webhook && body.has("pipeline")) {
            webhook(body);
        } else if (!webhook) {
            snapshot(body);
        }
    }

    private void webhook(JsonNode body) {
        String project = text(body.at("/project/id"));
        String pipeline = text(body.at("/pipeline/id"));
        project(body.get("project"), body.at("/organization/id"), body.at("/organization/name"));
        pipeline(project, body.get("pipeline"));
        String workflow = text(body.at("/workflow/id"));
        if (workflow != null) {
            workflow(project, pipeline, body.get("workflow"), true);
        }
        if (body.has("job")) {
            job(project, pipeline, workflow, body.get("job"), true);
        }
    }

    private void snapshot(JsonNode body) {
        String project = text(body.get("project_id"));
        know("project", project);
        if (body.has("project")) {
            JsonNode node = body.get("project");
            project(node, node.path("organization_id"), node.path("organization_name"));
        }
        if (body.has("workflow")) {
            String pipeline = text(body.at("/workflow/pipeline_id"));
            know("pipeline", pipeline);
            if (body.has("pipeline")) {
                pipeline(project, body.get("pipeline"));
            }
            workflow(project, pipeline, body.get("workflow"), false);
            body.path("jobs").forEach(job -> job(project, pipeline, text(body.at("/workflow/id")), job, false));
            return;
        }
        if (!body.has("job")) {
            pipeline(project, body.get("pipeline"));
            claim(
                    "pipeline",
                    text(body.at("/pipeline/id")),
                    "config",
                    weight,
                    values(
                            "config_source", text(body.at("/config/source")),
                            "config_compiled", text(body.at("/config/compiled"))));
            return;
        }
        String pipeline = text(body.path("pipeline_id"));
        String workflow = text(body.path("workflow_id"));
        know("pipeline", pipeline);
        know("workflow", workflow);
        String id = text(body.get("job_id"));
        JsonNode job = body.get("job");
        jobIdentity(id, project, pipeline, workflow, job);
        jobProgress(id, job, false);
        JsonNode tests = body.path("tests");
        claim(
                "job",
                id,
                "tests",
                weight,
                values(
                        "tests_total", text(tests.path("total")),
                        "tests_failed", text(tests.path("failed")),
                        "tests_skipped", text(tests.path("skipped")),
                        "test_failures", json(tests.path("failures"))));
        claim("job", id, "artifacts", weight, values("artifacts", json(body.path("artifacts"))));
        claim(
                "job",
                id,
                "execution",
                weight,
                values(
                        "web_url", text(job.path("web_url")),
                        "created_at", time(job.path("created_at")),
                        "queued_at", time(job.path("queued_at")),
                        "duration_ms", text(job.path("duration")),
                        "parallelism", text(job.path("parallelism")),
                        "resource_class", text(job.at("/executor/resource_class")),
                        "executor_type", text(job.at("/executor/type")),
                        "parallel_runs", json(job.path("parallel_runs")),
                        "contexts", json(job.path("contexts")),
                        "messages", json(job.path("messages"))));
    }

    private void project(JsonNode project, JsonNode organizationId, JsonNode organizationName) {
        String slug = text(project.path("slug"));
        slug = slug == null ? null : slug.replaceFirst("^github/", "gh/").replaceFirst("^bitbucket/", "bb/");
        if (slug != null) {
            slugs.add(slug + " " + text(project.get("id")));
        }
        claim(
                "project",
                text(project.get("id")),
                "identity",
                weight,
                values(
                        "slug",
                        slug,
                        "name",
                        text(project.path("name")),
                        "organization_id",
                        text(organizationId),
                        "organization_name",
                        text(organizationName)));
        claim(
                "project",
                text(project.get("id")),
                "details",
                weight,
                values(
                        "vcs_url", text(project.at("/vcs_info/vcs_url")),
                        "vcs_provider", text(project.at("/vcs_info/provider")),
                        "default_branch", text(project.at("/vcs_info/default_branch"))));
    }

    private void pipeline(String project, JsonNode node) {
        String id = text(node.get("id"));
        JsonNode vcs = node.path("vcs");
        JsonNode parameters = node.path("trigger_parameters");
        claim(
                "pipeline",
                id,
                "identity",
                weight,
                values(
                        "project_id",
                        project,
                        "number",
                        text(node.path("number")),
                        "created_at",
                        time(node.path("created_at"))));
        claim("pipeline", id, "trigger", weight, values("trigger_type", text(node.at("/trigger/type"))));
        claim("pipeline", id, "parameters", weight, values("trigger_parameters", json(parameters)));
        if (vcs.isObject()) {
            claim(
                    "pipeline",
                    id,
                    "ref",
                    weight,
                    values("branch", text(vcs.path("branch")), "tag", text(vcs.path("tag"))));
            claim(
                    "pipeline",
                    id,
                    "checkout",
                    weight,
                    values(
                            "revision", text(vcs.path("revision")),
                            "vcs_provider", text(vcs.path("provider_name")),
                            "origin_repository_url", text(vcs.path("origin_repository_url")),
                            "target_repository_url", text(vcs.path("target_repository_url"))));
            JsonNode commit = vcs.path("commit");
            commit(
                    id,
                    text(commit.path("subject")),
                    text(commit.path("body")),
                    values(
                            "author_name", text(commit.at("/author/name")),
                            "author_email", text(commit.at("/author/email")),
                            "authored_at", time(commit.path("authored_at")),
                            "committer_name", text(commit.at("/committer/name")),
                            "committer_email", text(commit.at("/committer/email")),
                            "committed_at", time(commit.path("committed_at"))));
        } else if (parameters.isObject()) {
            triggered(id, parameters);
        }
        if (node.has("state")) {
            claim(
                    "pipeline",
                    id,
                    "details",
                    weight,
                    values(
                            "state", text(node.get("state")),
                            "updated_at", time(node.path("updated_at")),
                            "errors", json(node.path("errors")),
                            "trigger_received_at", time(node.at("/trigger/received_at")),
                            "trigger_actor_login", text(node.at("/trigger/actor/login"))));
        }
    }

    /** The two flavours that come without {@code vcs}: GitLab and GitHub App. */
    private void triggered(String id, JsonNode parameters) {
        boolean gitlab = parameters.has("gitlab");
        JsonNode provider = parameters.path(gitlab ? "gitlab" : "github_app");
        // Where git/branch is empty, the provider's own names the same branch.
        String branch = text(parameters.at("/git/branch"));
        claim("pipeline", id, "ref", weight, values("branch", branch == null ? text(provider.path("branch")) : branch));
        String url = text(gitlab ? provider.path("web_url") : parameters.at("/git/repo_url"));
        claim(
                "pipeline",
                id,
                "checkout",
                weight,
                values(
                        "revision",
                        text(parameters.at("/git/checkout_sha")),
                        "vcs_provider",
                        gitlab ? "gitlab" : "github",
                        "origin_repository_url",
                        url,
                        "target_repository_url",
                        url));
        commit(
                id,
                text(provider.path("commit_title")),
                text(gitlab ? provider.path("commit_message") : parameters.at("/git/commit_message")),
                values(
                        "author_name", text(provider.path("commit_author_name")),
                        "author_email", text(provider.path("commit_author_email")),
                        "authored_at", time(provider.path("commit_timestamp"))));
    }

    private void commit(String id, String subject, String body, Map<String, Object> people) {
        claim("pipeline", id, "commit", weight, values("commit_subject", subject, "commit_body", body));
        claim("pipeline", id, "author", weight, people);
    }

    private void workflow(String project, String pipeline, JsonNode node, boolean webhook) {
        String id = text(node.get("id"));
        claim(
                "workflow",
                id,
                "identity",
                weight,
                values(
                        "project_id",
                        project,
                        "pipeline_id",
                        pipeline,
                        "name",
                        text(node.path("name")),
                        "created_at",
                        time(node.path("created_at"))));
        claim("workflow", id, "link", weight, values("url", text(node.path("url"))));
        if (node.has("status")) {
            claim(
                    "workflow",
                    id,
                    "progress",
                    progress(node, webhook),
                    values("status", text(node.get("status")), "stopped_at", time(node.path("stopped_at"))));
        }
        if (!webhook) {
            // An answer of the API settles the details also where it has none.
            keep(
                    "workflow",
                    id,
                    "details",
                    weight,
                    values(
                            "started_by",
                            text(node.path("started_by")),
                            "canceled_by",
                            text(node.path("canceled_by")),
                            "errored_by",
                            text(node.path("errored_by")),
                            "tag",
                            text(node.path("tag")),
                            "auto_rerun_number",
                            text(node.path("auto_rerun_number")),
                            "max_auto_reruns",
                            text(node.path("max_auto_reruns"))));
        }
    }

    private void job(String project, String pipeline, String workflow, JsonNode job, boolean webhook) {
        String id = text(job.get("id"));
        jobIdentity(id, project, pipeline, workflow, job);
        jobProgress(id, job, webhook);
        claim(
                "job",
                id,
                "details",
                weight,
                values("type", text(job.path("type")), "dependencies", json(job.path("dependencies"))));
    }

    private void jobIdentity(String id, String project, String pipeline, String workflow, JsonNode job) {
        claim(
                "job",
                id,
                "identity",
                weight,
                values("project_id", project, "pipeline_id", pipeline, "name", text(job.path("name"))));
        String number = text(job.has("number") ? job.get("number") : job.path("job_number"));
        claim("job", id, "number", weight, values("number", number));
        claim("job", id, "workflow", weight, values("workflow_id", workflow));
    }

    private void jobProgress(String id, JsonNode job, boolean webhook) {
        claim(
                "job",
                id,
                "progress",
                progress(job, webhook),
                values(
                        "status",
                        text(job.get("status")),
                        "started_at",
                        time(job.path("started_at")),
                        "stopped_at",
                        time(job.path("stopped_at"))));
    }

    private Weight progress(JsonNode node, boolean webhook) {
        Instant stoppedAt = time(node.path("stopped_at"));
        return new Weight(
                webhook || ENDS.contains(node.get("status").asText()),
                stoppedAt == null ? Instant.EPOCH : stoppedAt,
                weight.observedAt,
                weight.source,
                weight.digest);
    }

    private void know(String table, String id) {
        if (id != null) {
            claims.computeIfAbsent(table, t -> new HashMap<>()).computeIfAbsent(id, i -> new HashMap<>());
        }
    }

    private void claim(String table, String id, String group, Weight by, Map<String, Object> values) {
        know(table, id);
        if (values.values().stream().anyMatch(value -> value != null)) {
            keep(table, id, group, by, values);
        }
    }

    private void keep(String table, String id, String group, Weight by, Map<String, Object> values) {
        know(table, id);
        claims.get(table)
                .get(id)
                .merge(group, new Claim(by, values), (a, b) -> a.weight.compareTo(b.weight) >= 0 ? a : b);
    }

    private static Map<String, Object> values(Object... pairs) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            values.put((String) pairs[i], pairs[i + 1]);
        }
        return values;
    }

    private static String text(JsonNode node) {
        return node.isValueNode() && !node.isNull() && !node.asText().isBlank() ? node.asText() : null;
    }

    private static Instant time(JsonNode node) {
        return text(node) == null ? null : OffsetDateTime.parse(node.asText()).toInstant();
    }

    private static JsonNode json(JsonNode node) {
        return node.isMissingNode() || node.isNull() ? null : node;
    }
}
