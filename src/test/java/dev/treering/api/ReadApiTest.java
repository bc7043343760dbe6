package dev.treering.api;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import javax.sql.DataSource;

import jakarta.inject.Inject;

import dev.treering.FlowTest;
import dev.treering.TestStores;
import io.restassured.path.json.JsonPath;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasEntry;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.hasKey;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;

@FlowTest
class ReadApiTest {

    private static final String TOKEN = TestStores.TOKEN;
    private static final String NOBODY = "00000000-0000-0000-0000-00000000dead";

    @Inject
    DataSource database;

    // A project of its own for each test: they share the database with whoever else runs.
    private final UUID project = UUID.randomUUID();
    private final UUID pipeline = UUID.randomUUID();
    private final UUID workflow = UUID.randomUUID();
    private final UUID job = UUID.randomUUID();
    private final String repository = "web-" + project.toString().substring(0, 8);
    private final String slug = "gh/acme/" + repository;

    @BeforeEach
    void seed() throws SQLException {
        run("""
                insert into project (id, identity_stamp, slug, name, organization_id, organization_name, vcs_url,
                    vcs_provider, default_branch)
                values ('%s', '1', '%s', '%s', '%s', 'acme', 'https://github.com/acme/web', 'GitHub', 'main')""".formatted(project, slug, repository, UUID.randomUUID()));
        run("""
                insert into pipeline (id, identity_stamp, project_id, number, created_at, state, errors, trigger_type,
                    trigger_actor_login, trigger_parameters, branch, revision, vcs_provider, commit_subject)
                values ('%s', '1', '%s', 7, '2026-11-24T05:51:32Z', 'created', '[{"type":"plan","message":"no"}]',
                    'webhook', 'mona', '{"deploy": true}', 'main', '1dc6aa69', 'github', 'Fix it')""".formatted(pipeline, project));
        run("""
                insert into workflow (id, identity_stamp, project_id, pipeline_id, name, created_at, status, stopped_at)
                values ('%s', '1', '%s', '%s', 'build', '2026-11-24T05:51:33Z', 'success', '2026-11-24T05:53:33Z')""".formatted(workflow, project, pipeline));
        run("""
                insert into job (id, identity_stamp, project_id, pipeline_id, workflow_id, name, number, status,
                    started_at, stopped_at, type, dependencies, duration_ms, resource_class, parallel_runs)
                values ('%s', '1', '%s', '%s', '%s', 'test', 42, 'success', '2026-11-24T05:51:34Z',
                    '2026-11-24T05:53:33Z', 'build', '[]', 119000, 'medium', '[{"index": 0, "status": "success"}]')""".formatted(job, project, pipeline, workflow));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gh/acme/", "github/acme/", "gh%2Facme%2F", "github%2facme%2f"})
    void project_isFoundByEverySpellingOfItsSlug(String prefix) {
        get("/api/v2/project/" + prefix + repository)
                .statusCode(200)
                .body("id", equalTo(project.toString()))
                .body("slug", equalTo(slug))
                .body("organization_slug", equalTo("gh/acme"))
                .body("vcs_info.default_branch", equalTo("main"));
        get("/api/v2/project/" + prefix + repository + "/pipeline?branch=main")
                .statusCode(200)
                .body("items.id", equalTo(List.of(pipeline.toString())));
        get("/api/v2/project/" + prefix + repository + "/pipeline/7")
                .statusCode(200)
                .body("id", equalTo(pipeline.toString()));
        get("/api/v2/project/" + prefix + repository + "/job/42").statusCode(200);
    }

    @Test
    void branchWithSlashAndPercent_isFoundBesideAnEscapedSlug() throws SQLException {
        run("update pipeline set branch = 'a/50%25 b+c' where id = '" + pipeline + "'");

        get("/api/v2/project/gh%2Facme%2F" + repository + "/pipeline?branch=a%2F50%2525%20b%2Bc")
                .statusCode(200)
                .body("items", hasSize(1));
    }

    @Test
    void slugOfTwoProjects_isTheOneThatWasCalledSoLast() throws SQLException {
        UUID later = UUID.randomUUID();
        run("insert into project (id, identity_stamp, slug) values ('%s', '2', '%s')".formatted(later, slug));

        get("/api/v2/project/" + slug).statusCode(200).body("id", equalTo(later.toString()));
    }

    @Test
    void pipeline_hasCircleCisShape() {
        get("/api/v2/pipeline/" + pipeline)
                .statusCode(200)
                .body("number", equalTo(7))
                .body("project_slug", equalTo(slug))
                .body("created_at", equalTo("2026-11-24T05:51:32.000Z"))
                .body("errors[0].type", equalTo("plan"))
                .body("trigger.actor.login", equalTo("mona"))
                .body("trigger_parameters.deploy", equalTo(true))
                .body("vcs.provider_name", equalTo("GitHub"))
                .body("vcs.commit.subject", equalTo("Fix it"))
                .body("$", not(hasKey("updated_at")));
    }

    @Test
    void triggerOfNobody_hasALoginThatIsEmpty_whereItWasTold() throws SQLException {
        run("update pipeline set trigger_actor_login = null where id = '%s'".formatted(pipeline));
        get("/api/v2/pipeline/" + pipeline).body("trigger.actor.login", nullValue());

        run("update pipeline set trigger_received_at = created_at where id = '%s'".formatted(pipeline));

        get("/api/v2/pipeline/" + pipeline).body("trigger.actor.login", equalTo(""));
    }

    @Test
    void workflows_ofAPipeline_comeInPages_newestFirst() throws SQLException {
        run("""
                insert into workflow (id, identity_stamp, project_id, pipeline_id, name, created_at)
                select gen_random_uuid(), '1', '%s', '%s', 'build-' || n, '2026-11-24T06:00:00Z'::timestamptz + n * interval '1 s'
                from generate_series(1, 30) n""".formatted(project, pipeline));
        String path = "/api/v2/pipeline/" + pipeline + "/workflow";

        JsonPath first = get(path).statusCode(200).extract().jsonPath();
        JsonPath second = get(path + "?page-token=" + first.getString("next_page_token"))
                .statusCode(200)
                .extract()
                .jsonPath();

        List<String> names = new ArrayList<>(first.getList("items.name"));
        assertThat(names).hasSize(20);
        names.addAll(second.getList("items.name"));
        assertThat(names.subList(0, 30))
                .isEqualTo(IntStream.rangeClosed(1, 30)
                        .mapToObj(n -> "build-" + (31 - n))
                        .toList());
        assertThat(names.subList(30, names.size())).containsExactly("build");
        assertThat(second.getString("next_page_token")).isNull();
    }

    @Test
    void workflows_ofAPipeline_areAPage() {
        get("/api/v2/pipeline/" + pipeline + "/workflow")
                .statusCode(200)
                .body("items.id", equalTo(List.of(workflow.toString())))
                .body("$", hasKey("next_page_token"))
                .body("next_page_token", nullValue());
    }

    @Test
    void workflow_hasCircleCisShape() {
        get("/api/v2/workflow/" + workflow)
                .statusCode(200)
                .body("status", equalTo("success"))
                .body("pipeline_id", equalTo(pipeline.toString()))
                .body("pipeline_number", equalTo(7))
                .body("project_slug", equalTo(slug))
                .body("stopped_at", equalTo("2026-11-24T05:53:33Z"))
                .body("$", hasKey("started_by"));
    }

    @Test
    void jobs_areInTheOrderOfTheirStart_thoseThatNeverStartedLast() throws SQLException {
        UUID first = UUID.randomUUID();
        UUID never = UUID.randomUUID();
        run("""
                insert into job (id, identity_stamp, project_id, workflow_id, name, status, started_at)
                values ('%1$s', '1', '%3$s', '%4$s', 'never', 'blocked', null),
                    ('%2$s', '1', '%3$s', '%4$s', 'first', 'success', '2026-11-24T05:51:33Z')""".formatted(never, first, project, workflow));

        run("update job set created_at = '2026-11-24T05:51:30.5Z' where id = '%s'".formatted(job));

        get("/api/v2/workflow/" + workflow + "/job")
                .statusCode(200)
                .body("items[0]", not(hasKey("created_at")))
                .body("items[1].created_at", equalTo("2026-11-24T05:51:30Z"))
                .body("items.id", equalTo(List.of(first.toString(), job.toString(), never.toString())))
                .body("items[1].job_number", equalTo(42))
                .body("items[2]", not(hasKey("job_number")))
                .body("items[2]", hasKey("started_at"))
                .body("$", hasKey("next_page_token"));
    }

    @Test
    void job_hasCircleCisShape() {
        get("/api/v2/project/" + slug + "/job/42")
                .statusCode(200)
                .body("number", equalTo(42))
                .body("duration", equalTo(119000))
                .body("project.slug", equalTo(slug))
                .body("latest_workflow.name", equalTo("build"))
                .body("pipeline.id", equalTo(pipeline.toString()))
                .body("executor.resource_class", equalTo("medium"))
                .body("parallel_runs[0].status", equalTo("success"))
                .body("contexts", hasSize(0));
    }

    @Test
    void child_isFound_whileItsParentsAreStillPlaceholders() throws SQLException {
        UUID orphan = UUID.randomUUID();
        UUID placeholder = UUID.randomUUID();
        run("insert into pipeline (id) values ('%s')".formatted(placeholder));
        run("""
                insert into workflow (id, identity_stamp, project_id, pipeline_id, name, created_at)
                values ('%s', '1', '%s', '%s', 'build', now())""".formatted(orphan, UUID.randomUUID(), placeholder));

        get("/api/v2/workflow/" + orphan)
                .statusCode(200)
                .body("status", equalTo("running"))
                .body("pipeline_id", equalTo(placeholder.toString()))
                .body("pipeline_number", nullValue())
                .body("project_slug", nullValue());
        get("/api/v2/pipeline/" + placeholder).statusCode(404);
    }

    @Test
    void pages_haveNoGapAndNoDouble_whileANewPipelineArrives() throws SQLException {
        // Given
        // Three share each moment, so that the id has to decide where a page ends.
        for (int number = 100; number < 145; number++) {
            pipeline(number, "2026-11-25T00:%02d:00Z".formatted((number - 100) / 3));
        }

        // When
        List<Integer> numbers = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        String token = null;
        do {
            String query = "?branch=topic" + (token == null ? "" : "&page-token=" + token);
            JsonPath page = get("/api/v2/project/" + slug + "/pipeline" + query)
                    .statusCode(200)
                    .extract()
                    .jsonPath();
            sizes.add(page.getList("items").size());
            numbers.addAll(page.getList("items.number", Integer.class));
            token = page.getString("next_page_token");
            pipeline(200 + sizes.size(), "2026-11-26T00:00:00Z");
        } while (token != null);

        // Then
        assertThat(sizes).containsExactly(20, 20, 5);
        assertThat(numbers)
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(100, 145).boxed().toList());
    }

    @Test
    void pageToken_ofAnotherList_isRefused() throws SQLException {
        for (int number = 100; number < 121; number++) {
            pipeline(number, "2026-11-25T00:00:00Z");
        }
        String token = get("/api/v2/project/" + slug + "/pipeline?branch=topic")
                .extract()
                .jsonPath()
                .getString("next_page_token");

        get("/api/v2/project/" + slug + "/pipeline?branch=main&page-token=" + token)
                .statusCode(400)
                .body("message", containsString("page-token"));
        get("/api/v2/project/" + slug + "/pipeline?page-token=nonsense")
                .statusCode(400)
                .body("message", containsString("page-token"));
    }

    @Test
    void token_isTakenInEachOfThreeWays() {
        String path = "/api/v2/workflow/" + workflow;

        given().header("Circle-Token", TOKEN).get(path).then().statusCode(200);
        given().header("Authorization", "Bearer " + TOKEN).get(path).then().statusCode(200);
        given().auth().preemptive().basic(TOKEN, "").get(path).then().statusCode(200);
    }

    @Test
    void wrongToken_isAnsweredLikeNone() {
        Map<String, RequestSpecification> requests = new HashMap<>();
        requests.put("none", given());
        requests.put("wrong", given().header("Circle-Token", "wrong"));
        requests.put("empty", given().header("Circle-Token", ""));
        requests.put("wrong bearer", given().header("Authorization", "Bearer wrong"));
        requests.put("password", given().auth().preemptive().basic(TOKEN, "more"));
        requests.put("query", given().queryParam("circle-token", TOKEN));

        requests.forEach((name, request) -> request.get("/api/v2/workflow/" + workflow)
                .then()
                .statusCode(401)
                .header("WWW-Authenticate", containsString("Bearer"))
                .contentType("application/json")
                .body("size()", equalTo(1))
                .body("message", containsString("Circle-Token")));
    }

    @Test
    void unknownThings_areNotFound_withAMessage() {
        notFound("/api/v2/project/gh/acme/unknown", "Project not found");
        notFound("/api/v2/project/gh/acme/unknown/pipeline", "Project not found");
        notFound("/api/v2/project/" + slug + "/pipeline/8", "Pipeline not found");
        notFound("/api/v2/project/" + slug + "/job/43", "Job not found");
        notFound("/api/v2/pipeline/" + NOBODY, "Pipeline not found");
        notFound("/api/v2/pipeline/" + NOBODY + "/workflow", "Pipeline not found");
        notFound("/api/v2/workflow/" + NOBODY, "Workflow not found");
        notFound("/api/v2/workflow/" + NOBODY + "/job", "Workflow not found");
        notFound("/api/v2/pipeline/" + pipeline + "/config", "The configuration of this pipeline was not kept");
        notFound("/api/v2/project/" + slug + "/43/tests", "Job not found");
        notFound("/api/v2/project/" + slug + "/42/tests", "The tests of this job were not kept");
        notFound("/api/v2/project/" + slug + "/42/artifacts", "The artifacts of this job were not kept");
        notFound("/api/v2/pipeline?org-slug=gh/nobody", "Organization does not exist.");
        notFound("/api/v2/pipeline?org-slug=nobody", "Organization does not exist.");
        notFound("/api/v2/project/gh/acme/%00", "Project not found");
        notFound("/api/v2/project/" + slug + "/pipeline/no-number", "There is nothing at this path");
        notFound("/api/v2/insights", "There is nothing at this path");
    }

    @Test
    void idThatIsNone_isRefusedInCircleCisWords() {
        get("/api/v2/workflow/no-uuid").statusCode(400).body("message", equalTo("Workflow ID provided is invalid."));
        get("/api/v2/pipeline/no-uuid/workflow")
                .statusCode(400)
                .body("message", equalTo("Pipeline ID provided is invalid."));
    }

    @Test
    void configuration_isEmptyWhereOnlyTheOtherHalfWasKept() throws SQLException {
        run("update pipeline set config_source = 'version: 2.1' where id = '%s'".formatted(pipeline));

        get("/api/v2/pipeline/" + pipeline + "/config")
                .statusCode(200)
                .body("$", equalTo(Map.of("source", "version: 2.1", "compiled", "")));
    }

    @Test
    void testsOfAJob_areItsFailures_andAHeaderSaysSo() throws SQLException {
        run("""
                update job set tests_total = 120, tests_failed = 1, tests_skipped = 2,
                    test_failures = '[{"name": "adds", "result": "failure", "run_time": 0.5, "message": null, "file": ""}]'
                where id = '%s'""".formatted(job));

        get("/api/v2/project/" + slug + "/42/tests")
                .statusCode(200)
                .header("Treering-Tests", "total=120, failed=1, skipped=2; only failures are kept")
                .body("items.name", equalTo(List.of("adds")))
                .body("items[0]", hasEntry("message", null))
                .body("items[0].findAll { it.value == '' }.keySet()", hasItems("file", "classname", "source"))
                .body("$", hasKey("next_page_token"));
    }

    @Test
    void artifactsOfAJob_areThoseThatWereKept() throws SQLException {
        run("update job set artifacts = '[{\"path\": \"log.txt\", \"node_index\": 0}]' where id = '%s'".formatted(job));

        get("/api/v2/project/" + slug + "/42/artifacts")
                .statusCode(200)
                .body("items.path", equalTo(List.of("log.txt")))
                .body("$", hasKey("next_page_token"));
    }

    @Test
    void me_isTheCaller_andMineIsWhatTheActorOfThisNameStarted() throws SQLException {
        String login = get("/api/v2/me")
                .statusCode(200)
                .body("$", hasKey("avatar_url"))
                .body("id", not(nullValue()))
                .body("name", equalTo("bootstrap"))
                .extract()
                .path("login");
        String list = "/api/v2/project/" + slug + "/pipeline/mine";
        get(list).statusCode(200).body("items", hasSize(0));

        run("update pipeline set trigger_actor_login = '%s' where id = '%s'".formatted(login, pipeline));

        get(list).statusCode(200).body("items.id", equalTo(List.of(pipeline.toString())));
        get("/api/v2/pipeline?mine=true&org-slug=gh/acme")
                .statusCode(200)
                .body("items.id", hasItem(pipeline.toString()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gh/", "github/", "gh%2F", "circleci/"})
    void organisation_hasTheNewestPipelinesOfItsProjects_andIsACollaboration(String prefix) throws SQLException {
        // Given two projects of an organisation, and one of another
        String organization = "o" + repository;
        String vcs = prefix.startsWith("circleci") ? "circleci" : "gh";
        for (int number = 0; number < 3; number++) {
            UUID other = UUID.randomUUID();
            run(
                    "insert into project (id, identity_stamp, slug, organization_name) values ('%s', '1', '%s/%s/web%d', 'acme')"
                            .formatted(other, vcs, organization + (number == 2 ? "x" : ""), number));
            for (int age = 0; age < 15; age++) {
                run("""
                        insert into pipeline (id, identity_stamp, project_id, number, created_at)
                        values ('%s', '1', '%s', %d, '2026-11-25T00:%02d:00Z')""".formatted(UUID.randomUUID(), other, 2 * age + number, age));
            }
        }
        // When
        String list = "/api/v2/pipeline?org-slug=" + prefix + organization;
        JsonPath first = get(list).statusCode(200).extract().jsonPath();
        pipeline(999, "2026-11-26T00:00:00Z");
        JsonPath second = get(list + "&page-token=" + first.getString("next_page_token"))
                .statusCode(200)
                .extract()
                .jsonPath();
        // Then
        List<Integer> numbers = new ArrayList<>(first.getList("items.number"));
        assertThat(numbers).hasSize(20);
        numbers.addAll(second.getList("items.number"));
        assertThat(numbers)
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, 30).boxed().toList());
        assertThat(first.getList("items.created_at", String.class)).isSortedAccordingTo(Comparator.reverseOrder());
        assertThat(second.getString("next_page_token")).isNull();
        get("/api/v2/me/collaborations")
                .statusCode(200)
                .body(
                        "findAll { it.slug == '%s/%s' }.vcs_type".formatted(vcs, organization),
                        equalTo(List.of(vcs.equals("gh") ? "github" : "circleci")));
    }

    @Test
    void oldSlug_answersUntilAnotherProjectIsCalledSo() throws SQLException {
        String old = slug + "-old";
        run("insert into project_slug (slug, project_id) values ('%s', '%s')".formatted(old, project));

        get("/api/v2/project/" + old).statusCode(200).body("slug", equalTo(slug));
        get("/api/v2/project/" + old + "/pipeline/7").statusCode(200).body("id", equalTo(pipeline.toString()));
        // And the old name of its organisation
        String list = "/api/v2/pipeline?org-slug=gh/old-" + repository;
        get(list).statusCode(404);
        run("insert into project_slug (slug, project_id) values ('gh/old-%s/web', '%s')"
                .formatted(repository, project));
        get(list).statusCode(200).body("items.id", equalTo(List.of(pipeline.toString())));

        UUID other = UUID.randomUUID();
        run("insert into project (id, identity_stamp, slug) values ('%s', '0', '%s')".formatted(other, old));
        get("/api/v2/project/" + old).statusCode(200).body("id", equalTo(other.toString()));
        run("insert into project (id, identity_stamp, slug) values ('%s', '0', 'gh/old-%s/api')"
                .formatted(UUID.randomUUID(), repository));
        get(list).statusCode(200).body("items", hasSize(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"v1", "v1.1"})
    void endpointsThatV2Replaces_areGone_andNameTheirSuccessor(String version) {
        for (String path : List.of("/project/github/acme/web", "/project/github/acme/web/build")) {
            given().post("/api/" + version + path)
                    .then()
                    .statusCode(410)
                    .header("Link", "</api/v2/project/github/acme/web/pipeline>; rel=\"successor-version\"")
                    .body("message", containsString("/api/v2/project/github/acme/web/pipeline"));
        }
        given().get("/api/" + version + "/recent-builds")
                .then()
                .statusCode(410)
                .header("Link", "</api/v2/pipeline>; rel=\"successor-version\"")
                .body("message", containsString("/api/v2/pipeline"));
    }

    private static void notFound(String path, String message) {
        get(path)
                .statusCode(404)
                .contentType("application/json")
                .body("size()", equalTo(1))
                .body("message", equalTo(message));
    }

    private static ValidatableResponse get(String path) {
        return given().urlEncodingEnabled(false)
                .header("Circle-Token", TOKEN)
                .get(path)
                .then();
    }

    private void pipeline(int number, String createdAt) throws SQLException {
        run("""
                insert into pipeline (id, identity_stamp, project_id, number, created_at, branch)
                values ('%s', '1', '%s', %d, '%s', 'topic')""".formatted(UUID.randomUUID(), project, number, createdAt));
    }

    private void run(String sql) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.executeUpdate(sql);
        }
    }
}
