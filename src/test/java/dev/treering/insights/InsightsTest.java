package dev.treering.insights;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.TestStores;
import io.restassured.path.json.JsonPath;
import io.restassured.response.ValidatableResponse;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.nullValue;

@FlowTest
class InsightsTest {

    private final UUID project = UUID.randomUUID();
    private final UUID organization = UUID.randomUUID();
    private final String org = "acme-" + project.toString().substring(0, 8);
    private final String slug = "gh/" + org + "/web";
    private final Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);

    @Inject
    Database database;

    @BeforeEach
    void seed() {
        database.change(
                "insert into project (id, identity_stamp, slug, name, organization_id, default_branch) values (?, '1', ?, 'web', ?, 'main')",
                project,
                slug,
                organization);
    }

    private UUID run(String name, String branch, String status, Duration ago, long seconds) {
        return run(name, branch, UUID.randomUUID().toString(), status, ago, seconds);
    }

    private UUID run(String name, String branch, String revision, String status, Duration ago, long seconds) {
        UUID id = UUID.randomUUID();
        Instant at = now.minus(ago);
        database.change(
                "insert into pipeline (id, identity_stamp, project_id, created_at, branch, revision) values (?, '1', ?, ?::timestamptz, ?, ?)",
                id,
                project,
                at.toString(),
                branch,
                revision);
        database.change(
                "insert into workflow (id, identity_stamp, project_id, pipeline_id, name, created_at, status, stopped_at)"
                        + " values (?, '1', ?, ?, ?, ?::timestamptz, ?, ?::timestamptz)",
                id,
                project,
                id,
                name,
                at.toString(),
                status,
                seconds < 0 ? null : at.plusSeconds(seconds).toString());
        return id;
    }

    private void job(UUID workflow, String name, long number, String status, long queued, long seconds) {
        database.change(
                "insert into job (id, identity_stamp, project_id, pipeline_id, workflow_id, name, number, status, queued_at, started_at, stopped_at)"
                        + " select ?, '1', project_id, pipeline_id, id, ?, ?, ?, created_at, created_at + make_interval(secs => ?),"
                        + " created_at + make_interval(secs => ?) from workflow where id = ?",
                UUID.randomUUID(),
                name,
                number,
                status,
                queued,
                queued + seconds,
                workflow);
    }

    private ValidatableResponse get(String path) {
        return given().header("Circle-Token", TestStores.TOKEN).get(path).then().statusCode(200);
    }

    @Test
    void success_rate_is_over_all_runs_as_circleci_returns_it() {
        // Given: what a real answer of 2021 counted
        database.change(
                "insert into workflow (id, identity_stamp, project_id, name, created_at, status, stopped_at)"
                        + " select gen_random_uuid(), '1', ?, 'build', now() - interval '1 day' - n * interval '1 minute',"
                        + " case when n <= 136 then 'success' when n <= 179 then 'failed' else 'canceled' end, now() - interval '1 hour'"
                        + " from generate_series(1, 181) as n",
                project);

        // Then
        String answer = get("/api/v2/insights/" + slug + "/workflows?all-branches=true")
                .body("items", hasSize(1))
                .body("items[0].metrics.total_runs", equalTo(181))
                .body("items[0].metrics.successful_runs", equalTo(136))
                .body("items[0].metrics.failed_runs", equalTo(43))
                .body("next_page_token", nullValue())
                .extract()
                .asString();
        assertThat(answer).contains("\"success_rate\":0.7513812154696132");
        JsonPath own = get("/api/projects/" + slug + "/insights").extract().jsonPath();
        assertThat(own.getFloat("items[0].success_rate_of_all")).isEqualTo(136 / 181f);
        assertThat(own.getFloat("items[0].success_rate_of_not_canceled")).isEqualTo(136 / 179f);
    }

    @Test
    void durations_are_interpolated_and_cut_as_circleci_does() {
        run("build", "main", "success", Duration.ofDays(2), 3005);
        run("build", "main", "failed", Duration.ofDays(1), 6011);
        run("build", "main", "running", Duration.ofHours(1), -1);

        get("/api/v2/insights/" + slug + "/workflows")
                .body("items[0].name", equalTo("build"))
                .body("items[0].project_id", equalTo(project.toString()))
                .body("items[0].metrics.total_runs", equalTo(3))
                .body("items[0].metrics.duration_metrics.min", equalTo(3005))
                .body("items[0].metrics.duration_metrics.mean", equalTo(4508))
                .body("items[0].metrics.duration_metrics.median", equalTo(4508))
                .body("items[0].metrics.duration_metrics.p95", equalTo(5860))
                .body("items[0].metrics.duration_metrics.max", equalTo(6011))
                .body("items[0].metrics.duration_metrics.standard_deviation", equalTo(2125))
                .body("items[0].metrics.total_credits_used", nullValue());
    }

    @Test
    void recovery_is_from_a_failure_to_the_next_success_on_its_branch() {
        run("build", "main", "failed", Duration.ofHours(10), 60);
        run("build", "main", "failed", Duration.ofHours(9), 60);
        run("build", "other", "success", Duration.ofHours(8), 60);
        run("build", "main", "success", Duration.ofHours(7), 60);
        run("build", "main", "failed", Duration.ofHours(1), 60);

        // Three hours and two hours; the last is not over
        get("/api/v2/insights/" + slug + "/workflows?branch=main")
                .body("items[0].metrics.mttr", equalTo(9_000))
                .body("items[0].metrics.total_recoveries", equalTo(1));
    }

    @Test
    void window_and_branch_are_the_default_ones_unless_others_are_asked() {
        run("build", "main", "success", Duration.ofDays(1), 60);
        run("build", "topic", "success", Duration.ofDays(1), 60);
        run("build", "main", "success", Duration.ofDays(89), 60);
        run("build", "main", "success", Duration.ofDays(400), 60);

        String workflows = "/api/v2/insights/" + slug + "/workflows";
        get(workflows).body("items[0].metrics.total_runs", equalTo(2));
        get(workflows + "?branch=topic").body("items[0].metrics.total_runs", equalTo(1));
        get(workflows + "?all-branches=true").body("items[0].metrics.total_runs", equalTo(3));
        get(workflows + "?reporting-window=last-7-days").body("items[0].metrics.total_runs", equalTo(1));
        get("/api/projects/" + slug + "/insights?since=500d").body("items[0].total_runs", equalTo(4));
        get("/api/projects/" + slug + "/insights?since=500d&until=300d&branch=main")
                .body("items[0].total_runs", equalTo(1));
        refused(workflows + "?reporting-window=last-year", 400, "last-24-hours");
        given().header("Circle-Token", TestStores.TOKEN)
                .get("/api/projects/" + slug + "/insights?since=someday")
                .then()
                .statusCode(400)
                .body("detail", containsString("since: 'someday' is no time"));
    }

    private static void refused(String path, int status, String message) {
        given().header("Circle-Token", TestStores.TOKEN)
                .get(path)
                .then()
                .statusCode(status)
                .body("message", containsString(message));
    }

    @Test
    void runs_come_in_pages_newest_first_with_rounded_durations() {
        for (int i = 1; i <= 101; i++) {
            run("build", "main", "success", Duration.ofHours(i), 7743);
        }
        String path = "/api/v2/insights/" + slug + "/workflows/build";

        String token = get(path)
                .body("items", hasSize(100))
                .body("items[0].duration", equalTo(7743))
                .body("items[0].branch", equalTo("main"))
                .body("items[0].is_approval", equalTo(false))
                .extract()
                .path("next_page_token");
        run("build", "main", "success", Duration.ofMinutes(1), 60);

        get(path + "?page-token=" + token).body("items", hasSize(1)).body("next_page_token", nullValue());
        get(path + "?start-date=" + now.minus(Duration.ofMinutes(90))).body("items", hasSize(2));
        refused(path + "?branch=x&page-token=" + token, 400, "other filters");
    }

    @Test
    void summary_compares_with_the_span_before() {
        run("build", "main", "success", Duration.ofHours(2), 100);
        run("build", "main", "failed", Duration.ofHours(3), 100);
        run("build", "main", "success", Duration.ofHours(30), 100);
        run("deploy", "main", "success", Duration.ofHours(1), 100);

        get("/api/v2/insights/" + slug + "/workflows/build/summary?reporting-window=last-24-hours")
                .body("metrics.total_runs", equalTo(2))
                .body("metrics.completed_runs", equalTo(2))
                .body("trends.total_runs", equalTo(2.0f))
                .body("trends.success_rate", equalTo(0.5f))
                .body("trends.failed_runs", equalTo(-1.0f))
                .body("trends.p95_duration_secs", equalTo(1.0f))
                .body("workflow_names", contains("build", "deploy"));
    }

    @Test
    void jobs_are_counted_within_their_workflow_and_over_time() {
        UUID first = run("build", "main", "success", Duration.ofHours(30), 600);
        job(first, "test", 1, "success", 5, 100);
        job(first, "lint", 2, "failed", 15, 10);
        UUID second = run("build", "main", "success", Duration.ofHours(2), 600);
        job(second, "test", 3, "failed", 25, 200);
        UUID other = run("deploy", "main", "success", Duration.ofHours(2), 600);
        job(other, "push", 4, "success", 0, 10);

        get("/api/v2/insights/" + slug + "/workflows/build/jobs")
                .body("items.name", contains("lint", "test"))
                .body("items[1].metrics.total_runs", equalTo(2))
                .body("items[1].metrics.successful_runs", equalTo(1))
                .body("items[1].metrics.duration_metrics.max", equalTo(200))
                .body("items[1].metrics.total_credits_used", equalTo(0));
        get("/api/v2/insights/time-series/" + slug + "/workflows/build/jobs?granularity=hourly")
                .body("items.name", contains("lint", "test", "test"))
                .body("items[1].metrics.throughput", equalTo(24.0f));
        get("/api/projects/" + slug + "/insights")
                .body("items[0].name", equalTo("build"))
                .body("items[0].queued_seconds.median", equalTo(15.0f))
                .body("items[1].queued_seconds.median", equalTo(0.0f));
    }

    @Test
    void slug_in_one_segment_is_the_same_below_insights() {
        run("build", "main", "success", Duration.ofHours(2), 100);

        String escaped = slug.replace("/", "%2F");
        for (String path : List.of(
                "/api/v2/insights/" + escaped + "/workflows",
                "/api/v2/insights/" + escaped + "/workflows/build",
                "/api/v2/insights/" + escaped + "/branches",
                "/api/v2/insights/pages/" + escaped + "/summary",
                "/api/v2/insights/time-series/" + escaped + "/workflows/build/jobs",
                "/api/v2/insights/gh%2F" + org + "/summary",
                "/api/projects/" + escaped + "/insights")) {
            given().urlEncodingEnabled(false)
                    .header("Circle-Token", TestStores.TOKEN)
                    .get(path)
                    .then()
                    .statusCode(200);
        }
    }

    @Test
    void runs_and_projects_without_a_name_are_counted_too() {
        run("build", "main", "success", Duration.ofHours(2), 100);
        run(null, null, "success", Duration.ofHours(3), 100);
        database.change(
                "insert into project (id, identity_stamp, slug) values (?, '1', ?)",
                UUID.randomUUID(),
                "gh/" + org + "/api");

        get("/api/v2/insights/pages/" + slug + "/summary").body("project_data.metrics.total_runs", equalTo(2));
        get("/api/v2/insights/gh/" + org + "/summary").body("all_projects", contains("web"));
    }

    @Test
    void value_that_nothing_can_have_is_the_callers_fault() {
        given().urlEncodingEnabled(false)
                .header("Circle-Token", TestStores.TOKEN)
                .get("/api/v2/insights/" + slug + "/workflows?branch=%00")
                .then()
                .statusCode(400);
    }

    @Test
    void parameter_that_is_not_read_is_refused_with_the_nearest_that_is() {
        for (String path : List.of("/api/projects/" + slug + "/insights", "/cc.xml", "/badge/" + slug + ".svg")) {
            given().header("Circle-Token", TestStores.TOKEN)
                    .get(path + "?brnch=main")
                    .then()
                    .statusCode(400)
                    .body("detail", containsString("did you mean 'branch'?"));
        }
    }

    @Test
    void project_and_organisation_are_summed_up() {
        run("build", "main", "success", Duration.ofHours(2), 100);
        run("build", "topic", "failed", Duration.ofHours(2), 100);

        get("/api/v2/insights/pages/" + slug + "/summary")
                .body("project_id", equalTo(project.toString()))
                .body("org_id", equalTo(organization.toString()))
                .body("project_data.metrics.total_runs", equalTo(2))
                .body("project_data.metrics.total_duration_secs", equalTo(200))
                .body("project_workflow_data.workflow_name", contains("build"))
                .body("project_workflow_branch_data.branch", contains("main", "topic"))
                .body("all_branches", contains("main", "topic"))
                .body("all_workflows", contains("build"));
        get("/api/v2/insights/github/" + org + "/summary")
                .body("org_data.metrics.total_runs", equalTo(2))
                .body("org_project_data[0].project_name", equalTo("web"))
                .body("all_projects", contains("web"));
        get("/api/v2/insights/" + slug + "/branches?workflow-name=build").body("branches", contains("main", "topic"));
        refused("/api/v2/insights/gh/nobody-" + org + "/summary", 404, "not found");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gh/%s/web", "bb/%s/web", "circleci/89xcrx7UvWQfzcUPAEmu5Q-%s/63AY3yf3XeUQojmQcGZTtB"})
    void job_that_failed_and_passed_on_one_revision_is_flaky(String form) {
        String slug = form.formatted(org);
        database.change("update project set slug = ? where id = ?", slug, project);
        UUID first = run("build", "main", "abc", "failed", Duration.ofHours(3), 600);
        job(first, "test", 1, "failed", 0, 10);
        job(first, "lint", 2, "failed", 0, 10);
        UUID again = run("build", "main", "abc", "success", Duration.ofHours(2), 600);
        job(again, "test", 3, "success", 0, 10);
        UUID later = run("build", "main", "def", "success", Duration.ofHours(1), 600);
        job(later, "lint", 4, "success", 0, 10);

        get("/api/projects/" + slug + "/flaky-jobs")
                .body("items", hasSize(1))
                .body("items[0].job_name", equalTo("test"))
                .body("items[0].workflow_name", equalTo("build"))
                .body("items[0].revisions", equalTo(1))
                .body("items[0].failures", equalTo(1))
                .body("items[0].last_revision", equalTo("abc"))
                .body("items[0].failed_job_numbers", contains(1));
    }
}
