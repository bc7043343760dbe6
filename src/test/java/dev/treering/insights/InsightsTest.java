package dev.treering.insights;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;

import jakarta.inject.Inject;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Payloads;
import dev.treering.Signed;
import dev.treering.TestStores;
import io.restassured.path.json.JsonPath;
import io.restassured.response.ValidatableResponse;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.nullValue;

@FlowTest
class InsightsTest {

    private static final ObjectMapper JSON = new ObjectMapper();

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
        UUID approved = run("build", "main", "success", Duration.ofMinutes(30), 60);
        database.change("update workflow set stopped_at = created_at + interval '9777.507 s' where id = ?", approved);
        job(approved, "hold", 1, "success", 0, 10);
        database.change("update job set type = 'approval' where workflow_id = ?", approved);
        String path = "/api/v2/insights/" + slug + "/workflows/build";

        String token = get(path)
                .body("items", hasSize(100))
                .body("items[0].duration", equalTo(9778))
                .body("items[0].is_approval", equalTo(true))
                .body("items[1].duration", equalTo(7743))
                .body("items[1].branch", equalTo("main"))
                .body("items[1].is_approval", equalTo(false))
                .extract()
                .path("next_page_token");
        run("build", "main", "success", Duration.ofMinutes(1), 60);

        get(path + "?page-token=" + token).body("items", hasSize(2)).body("next_page_token", nullValue());
        get(path + "?start-date=" + now.minus(Duration.ofMinutes(90))).body("items", hasSize(3));
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
    void summary_spans_its_runs_and_stays_the_same_while_nothing_runs() {
        run("build", "main", "success", Duration.ofHours(20), 100);
        run("build", "main", "failed", Duration.ofHours(3), 100);
        String path = "/api/v2/insights/" + slug + "/workflows/build/summary?reporting-window=last-24-hours";

        String tag = get(path)
                .body("metrics.window_start", equalTo(millis(now.minus(Duration.ofHours(20)))))
                .body("metrics.window_end", equalTo(millis(now.minus(Duration.ofHours(3)))))
                .extract()
                .header("ETag");
        given().header("Circle-Token", TestStores.TOKEN)
                .header("If-None-Match", tag)
                .get(path)
                .then()
                .statusCode(304);
        // And where nothing ran, the window itself
        Instant start =
                Instant.parse(get(path.replace("build", "deploy")).extract().path("metrics.window_start"));
        assertThat(start)
                .isBetween(now.minus(Duration.ofHours(24)), Instant.now().minus(Duration.ofHours(24)));
    }

    @Test
    void trend_of_recovery_is_0_where_nothing_recovers_now() {
        run("build", "main", "success", Duration.ofHours(2), 100);
        String path = "/api/v2/insights/" + slug + "/workflows/build/summary?reporting-window=last-24-hours";

        get(path).body("metrics.mttr", nullValue()).body("trends.mttr", equalTo(0.0f));
        // And where it did before
        run("build", "main", "failed", Duration.ofHours(40), 100);
        run("build", "main", "success", Duration.ofHours(39), 100);
        get(path).body("trends.mttr", equalTo(0.0f));
        // And when it does for the first time, and as fast
        run("build", "main", "failed", Duration.ofHours(4), 100);
        run("build", "main", "success", Duration.ofHours(3), 100);
        get(path).body("trends.mttr", equalTo(1.0f));
    }

    private static String millis(Instant time) {
        return time.toString().replace("Z", ".000Z");
    }

    @Test
    void times_are_in_milliseconds_whatever_their_digits() {
        UUID run = run("build", "main", "success", Duration.ofHours(2), 100);
        String path = "/api/v2/insights/" + slug + "/workflows/build";
        get(path).body("items[0].created_at", equalTo(millis(now.minus(Duration.ofHours(2)))));

        database.change("update workflow set created_at = created_at + interval '123456 us' where id = ?", run);

        get(path)
                .body(
                        "items[0].created_at",
                        equalTo(now.minus(Duration.ofHours(2)).plusMillis(123).toString()));
    }

    @Test
    void runs_of_a_job_come_in_pages_newest_first() {
        for (int i = 1; i <= 101; i++) {
            job(run("build", "main", "success", Duration.ofHours(i), 600), "test", i, "success", 0, 100);
        }
        UUID last = run("build", "main", "failed", Duration.ofMinutes(30), 600);
        job(last, "test", 102, "failed", 5, 200);
        job(last, "lint", 103, "success", 0, 1);
        database.change("update job set started_at = null where workflow_id = ? and name = 'lint'", last);
        job(run("build", "topic", "success", Duration.ofMinutes(30), 600), "test", 104, "success", 0, 1);
        job(run("deploy", "main", "success", Duration.ofMinutes(30), 600), "test", 105, "success", 0, 1);
        String path = "/api/v2/insights/" + slug + "/workflows/build/jobs/test";

        String token = get(path)
                .body("items", hasSize(100))
                .body("items[0].status", equalTo("failed"))
                .body(
                        "items[0].started_at",
                        equalTo(millis(now.minus(Duration.ofMinutes(30)).plusSeconds(5))))
                .body(
                        "items[0].stopped_at",
                        equalTo(millis(now.minus(Duration.ofMinutes(30)).plusSeconds(205))))
                .body("items[0].duration", equalTo(200))
                .body("items[0].credits_used", equalTo(0))
                .extract()
                .path("next_page_token");
        job(run("build", "main", "success", Duration.ofMinutes(1), 600), "test", 106, "success", 0, 1);

        get(path + "?page-token=" + token).body("items", hasSize(2)).body("next_page_token", nullValue());
        get(path + "?all-branches=true&start-date=" + now.minus(Duration.ofMinutes(45)))
                .body("items", hasSize(3));
        get(path.replace("jobs/test", "jobs/lint")).body("items", hasSize(0));
        refused(path + "?branch=x&page-token=" + token, 400, "other filters");
        refused(path.replace(org, "nobody"), 404, "Project not found");
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
    void jobs_are_counted_day_by_day() {
        Instant midnight = now.truncatedTo(ChronoUnit.DAYS);
        UUID first = run("build", "main", "success", Duration.between(midnight.minus(Duration.ofDays(5)), now), 600);
        job(first, "test", 1, "success", 0, 100);
        job(first, "lint", 2, "failed", 0, 10);
        UUID late = run(
                "build",
                "main",
                "failed",
                Duration.between(midnight.minus(Duration.ofDays(4)).minusSeconds(60), now),
                30);
        job(late, "test", 3, "failed", 0, 20);
        UUID other = run("build", "main", "success", Duration.between(midnight.minus(Duration.ofDays(3)), now), 600);
        job(other, "test", 4, "success", 0, 10);

        for (String daily : List.of("", "?granularity=daily")) {
            get("/api/v2/insights/time-series/" + slug + "/workflows/build/jobs" + daily)
                    .body("items.name", contains("lint", "test", "test"))
                    .body(
                            "items.timestamp",
                            contains(
                                    millis(midnight.minus(Duration.ofDays(5))),
                                    millis(midnight.minus(Duration.ofDays(5))),
                                    millis(midnight.minus(Duration.ofDays(3)))))
                    .body("items.metrics.total_runs", contains(1, 2, 1))
                    .body("items.metrics.failed_runs", contains(1, 1, 0))
                    .body("items.metrics.duration_metrics.total", contains(10, 120, 10))
                    .body("items.metrics.throughput", contains(1.0f, 2.0f, 1.0f));
        }
    }

    @Test
    void slug_in_one_segment_is_the_same_below_insights() {
        UUID run = run("build", "main", "success", Duration.ofHours(2), 100);
        job(run("a/b", "main", "success", Duration.ofHours(2), 100), "c/d", 1, "success", 0, 10);
        job(run, "test", 2, "success", 0, 10);

        String escaped = slug.replace("/", "%2F");
        for (String path : List.of(
                "/api/v2/insights/" + escaped + "/workflows",
                "/api/v2/insights/" + escaped + "/workflows/build",
                "/api/v2/insights/" + escaped + "/branches",
                "/api/v2/insights/pages/" + escaped + "/summary",
                "/api/v2/insights/time-series/" + escaped + "/workflows/build/jobs",
                "/api/v2/insights/gh%2F" + org + "/summary",
                "/api/projects/" + escaped + "/insights",
                "/badge/" + escaped + ".svg")) {
            raw(path);
        }
        // And a name with a slash stays one
        for (String one : List.of(slug, escaped)) {
            String workflow = "/api/v2/insights/" + one + "/workflows/a%2Fb";
            raw(workflow).body("items.id", hasSize(1));
            raw(workflow + "/jobs").body("items.name", contains("c/d"));
            raw(workflow + "/jobs/c%2Fd").body("items", hasSize(1));
            raw(workflow + "/summary").body("metrics.total_runs", equalTo(1));
            raw("/api/v2/insights/time-series/" + one + "/workflows/a%2Fb/jobs").body("items.name", contains("c/d"));
        }
    }

    private static ValidatableResponse raw(String path) {
        return given().urlEncodingEnabled(false)
                .header("Circle-Token", TestStores.TOKEN)
                .get(path)
                .then()
                .statusCode(200);
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
        get("/api/v2/insights/pages/" + slug + "/summary?branches=topic")
                .body("project_workflow_branch_data.branch", contains("topic"))
                .body("project_workflow_data.workflow_name", contains("build"));
        get("/api/v2/insights/pages/" + slug + "/summary?workflow-names=deploy")
                .body("project_workflow_data", hasSize(0))
                .body("project_workflow_branch_data", hasSize(0))
                .body("all_workflows", contains("build"));
        get("/api/v2/insights/pages/" + slug + "/summary?workflow-names=deploy&workflow-names=build")
                .body("project_workflow_data.metrics.total_runs", contains(2));
        get("/api/v2/insights/github/" + org + "/summary?project-names=web")
                .body("org_project_data.project_name", contains("web"));
        get("/api/v2/insights/github/" + org + "/summary?project-names=api").body("org_project_data", hasSize(0));
        get("/api/v2/insights/github/" + org + "/summary")
                .body("org_data.metrics.total_runs", equalTo(2))
                .body("org_project_data[0].project_name", equalTo("web"))
                .body("all_projects", contains("web"));
        get("/api/v2/insights/" + slug + "/branches?workflow-name=build").body("branches", contains("main", "topic"));
        refused("/api/v2/insights/gh/nobody-" + org + "/summary", 404, "not found");
        // And by the name that the organisation had
        database.change("insert into project_slug (slug, project_id) values (?, ?)", "gh/old-" + org + "/web", project);
        get("/api/v2/insights/gh/old-" + org + "/summary").body("org_data.metrics.total_runs", equalTo(2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gitlab-workflow-completed", "github-app-workflow-completed"})
    void revision_that_a_webhook_told_beside_vcs_makes_a_job_flaky(String recorded) throws Exception {
        // Given
        ObjectNode webhook = (ObjectNode) JSON.readTree(Payloads.webhook(recorded));
        String id = project.toString();
        String slug = "circleci/" + org + "/web";
        webhook.put("id", id);
        webhook.withObject("/project").put("id", id).put("slug", slug);
        webhook.withObject("/pipeline").put("id", id);
        webhook.withObject("/workflow")
                .put("id", id)
                .put("created_at", now.minus(Duration.ofHours(1)).toString());
        // When
        Signed.post(JSON.writeValueAsBytes(webhook)).then().statusCode(202);
        await().until(() ->
                database.count("select count(*) from workflow where id = ? and identity_stamp is not null", project)
                        == 1);
        job(project, "test", 1, "failed", 0, 10);
        job(project, "test", 2, "success", 0, 10);
        // Then
        get("/api/projects/" + slug + "/flaky-jobs")
                .body("items.job_name", contains("test"))
                .body(
                        "items[0].last_revision",
                        equalTo(webhook.at("/pipeline/trigger_parameters/git/checkout_sha")
                                .asText()));
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
