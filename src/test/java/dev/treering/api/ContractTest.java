package dev.treering.api;

import java.io.IOException;
import java.net.URI;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

import jakarta.inject.Inject;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Signed;
import dev.treering.TestStores;
import dev.treering.security.Scope;
import dev.treering.security.Tokens;
import dev.treering.simulation.Run;
import dev.treering.simulation.Scenarios;
import dev.treering.simulation.Simulator;
import dev.treering.simulation.WebhookSender;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import org.junit.jupiter.api.Test;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

/**
 * Our answers against CircleCI's own OpenAPI document, which {@code TREERING_OPENAPI} names. Where that document and the
 * recorded traffic differ, the traffic is right; where the history was not told, null stands. Both are listed, one by one.
 */
@FlowTest
class ContractTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String NOBODY = "00000000-0000-0000-0000-00000000dead";

    /** Which operations give one thing, in a list or alone. */
    private static final Map<String, String> NOUNS = Map.of(
            "/pipeline", "pipeline",
            "/pipeline/{pipeline-id}", "pipeline",
            "/project/{project-slug}/pipeline", "pipeline",
            "/project/{project-slug}/pipeline/mine", "pipeline",
            "/project/{project-slug}/pipeline/{pipeline-number}", "pipeline",
            "/pipeline/{pipeline-id}/workflow", "workflow",
            "/workflow/{id}", "workflow",
            "/workflow/{id}/job", "job",
            "/project/{project-slug}/job/{job-number}", "job's page",
            "/project/{project-slug}", "project");

    private static final Set<String> ALWAYS = Set.of(
            // The document is wrong: the wire has vcs_type, and it says itself that jobs need not have started.
            "/me/collaborations required vcs-type",
            "job started_at type",
            // More types of triggers and of providers are recorded than it knows.
            "pipeline trigger/type enum",
            "project vcs_info/provider enum",
            // No webhook and nothing that is asked for tells an organisation's picture.
            "/me/collaborations avatar_url type",
            // A run that has not ended has a status too; it allows null, which would say less.
            "/insights/{project-slug}/workflows/{workflow-name} items/status enum",
            // Jobs that have not ended count all the same.
            "/insights/time-series/{project-slug}/workflows/{workflow-name}/jobs items/max_ended_at type");

    private static final Set<String> UNTOLD = Set.of(
            // Only API v2 tells, and these runs were told by webhooks alone, or just by an id.
            "/me/collaborations name type",
            "pipeline trigger/type type",
            "pipeline trigger/actor/login type",
            "pipeline trigger/received_at type",
            "pipeline vcs/origin_repository_url type",
            "pipeline vcs/target_repository_url type",
            "workflow started_by type",
            "project name type",
            "project organization_id type",
            "project organization_name type",
            "project vcs_info/default_branch type",
            "project vcs_info/provider type",
            "project vcs_info/vcs_url type",
            "job's page created_at type",
            "job's page executor/resource_class type",
            "job's page parallelism type",
            "job's page project/external_url type",
            "job's page queued_at type",
            "job's page web_url type");

    @Inject
    Database database;

    @Inject
    Tokens tokens;

    // It sees the projects of this test alone.
    private String token;

    private JsonNode document;
    private final Set<String> errors = new TreeSet<>();
    private final Set<String> checked = new TreeSet<>();

    private void play(Run... runs) throws InterruptedException {
        URI door = URI.create("http://localhost:" + RestAssured.port + "/webhooks/circleci");
        try (Simulator simulator =
                new Simulator(TestStores.circleCi(), new WebhookSender(door, TestStores.SECRET), Clock.systemUTC())) {
            for (Run run : runs) {
                simulator.play(run);
            }
        }
        for (Run run : runs) {
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> database.count(
                                            "select count(*) from workflow where pipeline_id = ? and details_stamp is not null",
                                            run.id())
                                    == run.workflows().size()
                            && database.count(
                                            "select count(*) from enrichment_task where pipeline_id = ? and state <> 'done'",
                                            run.id())
                                    == 0);
        }
    }

    @Test
    void everyAnswer_isWhatTheOfficialDocumentPromises() throws Exception {
        String file = System.getenv("TREERING_OPENAPI");
        assumeThat(file).as("TREERING_OPENAPI names the official document").isNotNull();
        document = JSON.readTree(Path.of(file).toFile());
        allowNull(document);
        // Given runs of every kind, told whole; then as the recorded webhooks alone tell, and what is on its way
        Scenarios scenarios = new Scenarios(71);
        Instant start = Instant.parse("2026-11-21T10:00:00Z");
        play(
                scenarios.green(801, start),
                scenarios.breaking(802, start),
                scenarios.cancelled(803, start),
                scenarios.approved(804, start),
                scenarios.rerun(805, start));
        // Then
        readEverythingOf(Set.of(
                scenarios.web().id(), scenarios.api().id(), scenarios.deploy().id()));
        assertThat(errors).as("differ although all was told").isSubsetOf(ALWAYS);
        Set<UUID> others = recorded();
        others.add(underWay());
        readEverythingOf(others);
        Set<String> known = new TreeSet<>(ALWAYS);
        known.addAll(UNTOLD);
        assertThat(errors).as("differ, and are not listed").isSubsetOf(known);
        // The runs of a job are answered too, but this document has forgotten them.
        assertThat(checked).as("answered and read").hasSize(23);
        if (System.getenv("TREERING_FIXTURES") != null) {
            assertThat(errors).as("are listed, and do not differ").containsAll(known);
        }
    }

    /** The projects of the recorded webhooks. */
    private Set<UUID> recorded() throws IOException {
        Set<UUID> projects = new TreeSet<>();
        if (System.getenv("TREERING_FIXTURES") == null) {
            System.out.println("ContractTest: TREERING_FIXTURES is not set, recorded webhooks are left out");
            return projects;
        }
        List<String> events = new ArrayList<>();
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(Path.of(System.getenv("TREERING_FIXTURES"), "webhooks"), "*.json")) {
            for (Path webhook : files) {
                byte[] body = Files.readAllBytes(webhook);
                Signed.post(body).then().statusCode(202);
                events.add(JSON.readTree(body).path("id").asText());
                projects.add(UUID.fromString(
                        JSON.readTree(body).path("project").path("id").asText(NOBODY)));
            }
        }
        await().untilAsserted(() -> assertThat(events)
                .allMatch(event -> database.count("select count(*) from trail where event_id = ?", event) > 0));
        // A ping is about none.
        projects.removeIf(id -> database.count("select count(slug) from project where id = ?", id) == 0);
        return projects;
    }

    /** A project that a workflow, an approval and jobs of, done and not, are known of, some only by their ids. */
    private UUID underWay() {
        UUID id = UUID.randomUUID();
        database.change(
                "insert into project (id, identity_stamp, slug, name, organization_name) values (?, '1', ?, 'web', 'acme')",
                id,
                "circleci/acme/" + id);
        database.change(
                "insert into pipeline (id, identity_stamp, project_id, number, created_at) values (?, '1', ?, 1, now())",
                id,
                id);
        database.change("insert into pipeline (id, project_id) values (?, ?)", UUID.randomUUID(), id);
        for (String status : List.of("running", "on_hold")) {
            database.change(
                    "insert into workflow (id, identity_stamp, project_id, pipeline_id, name, created_at, status)"
                            + " values (?, '1', ?, ?, 'build', now(), ?)",
                    status.equals("running") ? id : UUID.randomUUID(),
                    id,
                    id,
                    status);
        }
        database.change(
                "insert into job (id, identity_stamp, project_id, pipeline_id, workflow_id, name, number, status, started_at)"
                        + " values (gen_random_uuid(), '1', ?, ?, ?, 'test', 1, 'running', now())",
                id,
                id,
                id);
        database.change(
                "insert into job (id, identity_stamp, project_id, pipeline_id, workflow_id, name, status, type,"
                        + " approval_request_id) values (gen_random_uuid(), '1', ?, ?, ?, 'hold', 'on_hold', 'approval',"
                        + " gen_random_uuid())",
                id,
                id,
                id);
        database.change("insert into job (id, project_id, workflow_id) values (gen_random_uuid(), ?, ?)", id, id);
        return id;
    }

    private void readEverythingOf(Set<UUID> projects) throws Exception {
        token = tokens.create("test", List.of(Scope.HISTORY_READ), projects, null, "test")
                .text();
        check("/me", "/me");
        check("/me/collaborations", "/me/collaborations");
        check("/pipeline", "/pipeline");
        for (UUID project : projects) {
            readEverythingOf(project);
        }
    }

    private void readEverythingOf(UUID project) throws IOException {
        String slug = database.value("select slug from project where id = ?", project);
        String of = "/project/" + slug;
        String insights = "/insights/" + slug;
        String anyTime = "?all-branches=true&reporting-window=last-90-days";
        check("/project/{project-slug}", of);
        check("/project/{project-slug}/pipeline/mine", of + "/pipeline/mine");
        check("/insights/{project-slug}/workflows", insights + "/workflows" + anyTime);
        check("/insights/{project-slug}/branches", insights + "/branches");
        check("/insights/pages/{project-slug}/summary", "/insights/pages/" + slug + "/summary");
        check("/insights/{org-slug}/summary", "/insights/" + slug.substring(0, slug.lastIndexOf('/')) + "/summary");
        for (JsonNode pipeline :
                check("/project/{project-slug}/pipeline", of + "/pipeline").get("items")) {
            String id = "/pipeline/" + pipeline.get("id").asText();
            check(
                    "/project/{project-slug}/pipeline/{pipeline-number}",
                    of + "/pipeline/" + pipeline.get("number").asText());
            check("/pipeline/{pipeline-id}", id);
            check("/pipeline/{pipeline-id}/config", id + "/config");
            for (JsonNode workflow :
                    check("/pipeline/{pipeline-id}/workflow", id + "/workflow").get("items")) {
                String path = "/workflow/" + workflow.get("id").asText();
                String named = "/workflows/" + workflow.get("name").asText();
                check("/workflow/{id}", path);
                String template = "/insights/{project-slug}/workflows/{workflow-name}";
                check(template, insights + named + "?all-branches=true");
                check(template + "/jobs", insights + named + "/jobs" + anyTime);
                check(template + "/summary", insights + named + "/summary" + anyTime);
                check(
                        "/insights/time-series/{project-slug}/workflows/{workflow-name}/jobs",
                        "/insights/time-series/" + slug + named + "/jobs");
                for (JsonNode job : check("/workflow/{id}/job", path + "/job").get("items")) {
                    if (job.has("job_number")) {
                        String number = job.get("job_number").asText();
                        check("/project/{project-slug}/job/{job-number}", of + "/job/" + number);
                        check("/project/{project-slug}/{job-number}/tests", of + "/" + number + "/tests");
                        check("/project/{project-slug}/{job-number}/artifacts", of + "/" + number + "/artifacts");
                    }
                }
            }
        }
    }

    private JsonNode check(String template, String path) throws IOException {
        Response response = given().header("Circle-Token", token).get("/api/v2" + path);
        JsonNode answer = JSON.readTree(response.asByteArray());
        // What was not kept.
        if (response.statusCode() == 404 && path.matches(".*/(config|tests|artifacts)")) {
            return answer;
        }
        assertThat(response.statusCode()).as("%s %s", path, answer).isEqualTo(200);
        checked.add(template);
        JsonNode operation = document.get("paths").get(template).get("get");
        Schema schema = SchemaRegistry.withDialect(Dialects.getOpenApi30())
                .getSchema(operation.at("/responses/200/content/application~1json/schema"));
        for (Error error : schema.validate(
                answer, context -> context.executionConfig(config -> config.formatAssertionsEnabled(true)))) {
            String noun = NOUNS.getOrDefault(template, template);
            String place = error.getInstanceLocation()
                    .toString()
                    .replaceAll("/\\d+", "")
                    .replaceFirst("^/", "");
            String missing = error.getProperty() == null ? "" : error.getProperty();
            errors.add(String.join(
                            " ",
                            noun,
                            noun.equals(template) ? place : place.replaceFirst("^items/", ""),
                            error.getKeyword(),
                            missing)
                    .replaceAll(" +", " ")
                    .strip());
        }
        return answer;
    }

    /** The document says {@code x-nullable}, which is {@code nullable} where OpenAPI 3.0 has a word for it. */
    private static void allowNull(JsonNode node) {
        for (Iterator<JsonNode> children = node.elements(); children.hasNext(); ) {
            allowNull(children.next());
        }
        if (node.has("x-nullable")) {
            ((ObjectNode) node).set("nullable", ((ObjectNode) node).remove("x-nullable"));
        }
    }
}
