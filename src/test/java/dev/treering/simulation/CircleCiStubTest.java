package dev.treering.simulation;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class CircleCiStubTest {

    private static final Instant START = Instant.parse("2026-03-25T17:12:20.123Z");
    private static final String TOKEN = "a-token";

    private final HttpClient client = HttpClient.newHttpClient();
    private final Scenarios scenarios = new Scenarios(1);
    private final HandSetClock clock = new HandSetClock(START.plus(Duration.ofHours(1)));
    private CircleCiStub stub = CircleCiStub.start(TOKEN, clock);

    @AfterEach
    void stop() {
        stub.close();
    }

    @Test
    void a_workflow_has_the_recorded_shape() throws Exception {
        // Given
        Run run = known(scenarios.green(7, START));
        Workflow workflow = run.workflows().get(0);

        // When
        JsonNode body = get("/workflow/" + workflow.id());

        // Then
        assertThat(keys(body))
                .containsExactlyInAnyOrder(
                        "created_at",
                        "id",
                        "name",
                        "pipeline_id",
                        "pipeline_number",
                        "project_slug",
                        "started_by",
                        "status",
                        "stopped_at");
        assertThat(body.at("/status").asText()).isEqualTo("success");
        assertThat(body.at("/project_slug").asText()).isEqualTo("gh/acme/web");
        assertThat(body.at("/created_at").asText()).matches("2026-03-25T17:12:20Z");
        assertThat(body.at("/pipeline_id").asText()).isEqualTo(run.id().toString());
    }

    @Test
    void a_page_of_jobs_has_the_recorded_shape() throws Exception {
        // Given
        Run run = known(scenarios.green(7, START));

        // When
        JsonNode page = get("/workflow/" + run.workflows().get(0).id() + "/job");

        // Then
        assertThat(keys(page)).containsExactlyInAnyOrder("items", "next_page_token");
        assertThat(page.get("next_page_token").isNull()).isTrue();
        assertThat(page.get("items"))
                .hasSize(4)
                .allSatisfy(item -> assertThat(keys(item))
                        .containsExactlyInAnyOrder(
                                "created_at",
                                "dependencies",
                                "id",
                                "job_number",
                                "name",
                                "project_slug",
                                "started_at",
                                "status",
                                "stopped_at",
                                "type"));
        assertThat(page.at("/items/3/dependencies")).hasSize(2);
    }

    @Test
    void a_pipeline_has_the_recorded_shape() throws Exception {
        // Given
        Run run = known(scenarios.green(7, START));

        // When
        JsonNode body = get("/pipeline/" + run.id());

        // Then
        assertThat(keys(body))
                .containsExactlyInAnyOrder(
                        "created_at",
                        "errors",
                        "id",
                        "number",
                        "project_slug",
                        "state",
                        "trigger",
                        "updated_at",
                        "vcs");
        assertThat(keys(body.get("vcs")))
                .containsExactlyInAnyOrder(
                        "branch",
                        "commit",
                        "origin_repository_url",
                        "provider_name",
                        "revision",
                        "target_repository_url");
        assertThat(body.at("/created_at").asText()).isEqualTo("2026-03-25T17:12:20.123Z");
    }

    @Test
    void a_project_has_the_recorded_shape() throws Exception {
        // Given
        known(scenarios.green(7, START));

        // When
        JsonNode body = get("/project/gh/acme/web");

        // Then
        assertThat(keys(body))
                .containsExactlyInAnyOrder(
                        "id", "name", "organization_id", "organization_name", "organization_slug", "slug", "vcs_info");
        assertThat(keys(body.get("vcs_info"))).containsExactlyInAnyOrder("default_branch", "provider", "vcs_url");
        assertThat(body.at("/organization_slug").asText()).isEqualTo("gh/acme");
    }

    @Test
    void job_details_tell_the_machine_and_the_time_in_the_queue() throws Exception {
        // Given
        Run run = known(scenarios.green(7, START));
        Job job = run.workflows().get(0).jobs().get(1);

        // When
        JsonNode body = get("/project/gh/acme/web/job/" + job.number().getAsLong());

        // Then
        assertThat(keys(body))
                .contains("web_url", "latest_workflow", "pipeline", "contexts", "messages", "organization", "project");
        assertThat(body.at("/name").asText()).isEqualTo("unit-tests");
        assertThat(body.at("/executor/resource_class").asText()).isEqualTo("medium");
        assertThat(body.at("/parallelism").asInt()).isEqualTo(4);
        assertThat(body.at("/parallel_runs")).hasSize(4);
        assertThat(time(body, "/queued_at")).isBefore(time(body, "/started_at"));
        assertThat(Duration.between(time(body, "/started_at"), time(body, "/stopped_at"))
                        .toMillis())
                .isEqualTo(body.at("/duration").asLong());
    }

    @Test
    void a_slug_is_understood_escaped_and_in_its_long_form() throws Exception {
        // Given
        known(scenarios.green(7, START));

        // When
        JsonNode escaped = get("/project/gh%2Facme%2Fweb/job/70");
        JsonNode spelledOut = get("/project/github/acme/web/job/70");

        // Then
        assertThat(escaped).isEqualTo(spelledOut).isEqualTo(get("/project/gh/acme/web/job/70"));
        assertThat(escaped.at("/name").asText()).isEqualTo("lint");
    }

    @Test
    void a_wrong_token_is_told_to_log_in() throws Exception {
        // When
        HttpResponse<String> answer = ask("/project/gh/acme/web", "wrong");

        // Then
        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.body()).isEqualTo("{\"message\":\"You must log in first.\"}");
    }

    @Test
    void what_is_unknown_is_a_404_with_a_message_and_a_date() throws Exception {
        // When
        HttpResponse<String> answer = ask("/workflow/00000000-0000-4000-8000-000000000000", TOKEN);

        // Then
        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(answer.body()).isEqualTo("{\"message\":\"Workflow not found\"}");
        assertThat(answer.headers().firstValue("date")).isPresent();
    }

    @Test
    void the_next_calls_can_be_refused() throws Exception {
        // Given
        known(scenarios.green(7, START));
        stub.failNext(1, CircleCiStub.Failure.tooManyRequests(Duration.ofSeconds(3)));
        stub.failNext(1, CircleCiStub.Failure.unavailable());

        // When
        HttpResponse<String> first = ask("/project/gh/acme/web", TOKEN);
        HttpResponse<String> second = ask("/project/gh/acme/web", TOKEN);
        HttpResponse<String> third = ask("/project/gh/acme/web", TOKEN);

        // Then
        assertThat(first.statusCode()).isEqualTo(429);
        assertThat(first.headers().firstValue("retry-after")).contains("3");
        assertThat(second.statusCode()).isEqualTo(503);
        assertThat(third.statusCode()).isEqualTo(200);
        assertThat(stub.calls("/project/gh/acme/web")).isEqualTo(3);
    }

    @Test
    void a_run_in_progress_is_shown_as_it_stands() throws Exception {
        // Given: the moment between the build and somebody's approval
        Run run = scenarios.approved(2, START);
        Workflow workflow = run.workflows().get(0);
        Instant waiting = workflow.jobs().get(1).queuedAt().plusMillis(1);
        clock.now = waiting;
        stub.register(run);

        // When
        JsonNode body = get("/workflow/" + workflow.id());
        JsonNode jobs = get("/workflow/" + workflow.id() + "/job");

        // Then
        assertThat(body.at("/status").asText()).isEqualTo("on_hold");
        assertThat(body.get("stopped_at").isNull()).isTrue();
        assertThat(jobs.findValuesAsText("status")).containsExactly("success", "on_hold", "blocked");
        assertThat(jobs.at("/items/1/type").asText()).isEqualTo("approval");
        assertThat(jobs.at("/items/1").has("job_number")).isFalse();
        assertThat(jobs.at("/items/1").has("approval_request_id")).isTrue();
    }

    @Test
    void the_oldest_runs_are_forgotten() throws Exception {
        // Given
        Run oldest = known(scenarios.green(1, START));

        // When
        for (long number = 2; number <= 1_001; number++) {
            known(scenarios.green(number, START));
        }

        // Then
        assertThat(ask("/pipeline/" + oldest.id(), TOKEN).statusCode()).isEqualTo(404);
        assertThat(get("/project/gh/acme/web/job/20").at("/pipeline/id").asText())
                .isEqualTo(scenarios.green(2, START).id().toString());
    }

    @Test
    void a_number_that_two_runs_claim_is_the_later_ones() throws Exception {
        // Given
        stub.close();
        stub = CircleCiStub.start(TOKEN, clock, 2);
        known(scenarios.green(7, START));
        Run later = known(new Scenarios(2).green(7, START));

        // When: the first one is forgotten
        known(scenarios.green(8, START));

        // Then
        assertThat(get("/project/gh/acme/web/pipeline/7").at("/id").asText())
                .isEqualTo(later.id().toString());
        assertThat(get("/project/gh/acme/web/job/70").at("/pipeline/id").asText())
                .isEqualTo(later.id().toString());
    }

    @Test
    void pipelines_come_in_pages_that_new_ones_do_not_move() throws Exception {
        // Given
        for (long number = 1; number <= 45; number++) {
            known(scenarios.green(number, START));
        }

        // When
        JsonNode first = get("/project/gh/acme/web/pipeline");
        known(scenarios.green(46, START));
        JsonNode second = get("/project/gh/acme/web/pipeline?page-token=" + token(first));
        JsonNode third = get("/project/gh/acme/web/pipeline?page-token=" + token(second));

        // Then
        assertThat(numbers(first)).isEqualTo(downFrom(45, 20));
        assertThat(numbers(second)).isEqualTo(downFrom(25, 20));
        assertThat(numbers(third)).isEqualTo(downFrom(5, 5));
        assertThat(keys(third)).containsExactly("items", "next_page_token");
        assertThat(third.get("next_page_token").isNull()).isTrue();
        assertThat(first.at("/items/0"))
                .isEqualTo(get("/pipeline/" + scenarios.green(45, START).id()));
    }

    @Test
    void a_full_last_page_names_no_other() throws Exception {
        // Given
        for (long number = 1; number <= 20; number++) {
            known(scenarios.green(number, START));
        }

        // When
        JsonNode page = get("/project/gh/acme/web/pipeline");

        // Then
        assertThat(page.get("items")).hasSize(20);
        assertThat(page.get("next_page_token").isNull()).isTrue();
    }

    @Test
    void a_foreign_page_token_is_refused() throws Exception {
        // Given
        known(scenarios.green(1, START));

        // When
        HttpResponse<String> answer = ask("/project/gh/acme/web/pipeline?page-token=*", TOKEN);

        // Then
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("page-token");
    }

    @Test
    void pipelines_can_be_asked_for_one_branch() throws Exception {
        // Given
        for (long number = 1; number <= 7; number++) {
            known(scenarios.green(number, START));
        }

        // When
        JsonNode page = get("/project/gh/acme/web/pipeline?branch=feature%2Fnew-header");

        // Then
        assertThat(numbers(page)).containsExactly(6L, 3L);
    }

    @Test
    void a_run_is_not_listed_before_it_begins() throws Exception {
        // Given
        known(scenarios.green(1, START));
        known(scenarios.green(2, clock.now.plusMillis(1)));

        // When
        JsonNode before = get("/project/gh/acme/web/pipeline");
        int statusBefore = ask("/project/gh/acme/web/pipeline/2", TOKEN).statusCode();
        clock.now = clock.now.plusMillis(1);

        // Then
        assertThat(numbers(before)).containsExactly(1L);
        assertThat(statusBefore).isEqualTo(404);
        assertThat(numbers(get("/project/gh/acme/web/pipeline"))).containsExactly(2L, 1L);
    }

    @Test
    void a_pipeline_is_found_by_its_number() throws Exception {
        // Given
        Run run = known(scenarios.green(7, START));

        // When
        JsonNode body = get("/project/gh/acme/web/pipeline/7");

        // Then
        assertThat(body).isEqualTo(get("/pipeline/" + run.id()));
        assertThat(ask("/project/gh/acme/web/pipeline/8", TOKEN).body())
                .isEqualTo("{\"message\":\"Pipeline not found\"}");
        assertThat(ask("/project/gh/acme/unknown/pipeline", TOKEN).body())
                .isEqualTo("{\"message\":\"Project not found\"}");
    }

    @Test
    void a_pipelines_workflows_are_those_that_were_started_the_newest_first() throws Exception {
        // Given
        Run run = known(scenarios.rerun(3, START));
        Workflow failed = run.workflows().get(0);
        Workflow again = run.workflows().get(1);

        // When
        JsonNode both = get("/pipeline/" + run.id() + "/workflow");
        clock.now = failed.stoppedAt();
        JsonNode one = get("/pipeline/" + run.id() + "/workflow");

        // Then
        assertThat(both.findValuesAsText("id"))
                .containsExactly(again.id().toString(), failed.id().toString());
        assertThat(both.get("next_page_token").isNull()).isTrue();
        assertThat(one.findValuesAsText("status")).containsExactly("failed");
        assertThat(one.at("/items/0")).isEqualTo(get("/workflow/" + failed.id()));
    }

    @Test
    void a_configuration_describes_the_workflows_and_their_jobs() throws Exception {
        // Given
        Run run = known(scenarios.approved(2, START));
        Run rerun = known(scenarios.rerun(3, START));

        // When
        JsonNode config = get("/pipeline/" + run.id() + "/config");

        // Then
        assertThat(keys(config)).containsExactlyInAnyOrder("source", "compiled");
        assertThat(config.at("/source").asText()).startsWith("version: 2.1\n").contains("executor: base");
        assertThat(config.at("/compiled").asText())
                .startsWith("version: 2\n")
                .doesNotContain("executor")
                .contains("  release:\n    docker:")
                .endsWith("""
                        workflows:
                          version: 2
                          release:
                            jobs:
                              - build
                              - hold:
                                  type: approval
                                  requires: [build]
                              - release:
                                  requires: [hold]
                                  context: [production]
                        """);
        assertThat(get("/pipeline/" + rerun.id() + "/config").at("/source").asText())
                .containsOnlyOnce("  smoke:");
    }

    @Test
    void a_failed_jobs_tests_tell_what_failed_on_every_page() throws Exception {
        // Given
        known(scenarios.breaking(4, START));

        // When
        JsonNode first = get("/project/gh/acme/api/41/tests");
        JsonNode last = get("/project/gh/acme/api/41/tests?page-token=" + token(first));

        // Then
        assertThat(first.get("items")).hasSize(20);
        assertThat(last.get("items")).hasSize(4);
        assertThat(last.get("next_page_token").isNull()).isTrue();
        assertThat(List.of(first, last)).allSatisfy(page -> {
            assertThat(page.findValuesAsText("result")).contains("success", "failure");
            assertThat(page.get("items")).allSatisfy(item -> {
                assertThat(keys(item))
                        .containsExactlyInAnyOrder(
                                "classname", "file", "message", "name", "result", "run_time", "source");
                assertThat(item.get("message").isNull())
                        .isEqualTo(!item.get("result").asText().equals("failure"));
            });
        });
    }

    @Test
    void a_green_jobs_tests_do_not_fail_and_a_build_has_none() throws Exception {
        // Given
        known(scenarios.breaking(1, START));

        // When
        JsonNode green = get("/project/gh/acme/api/11/tests");
        JsonNode build = get("/project/gh/acme/api/10/tests");

        // Then
        assertThat(green.findValuesAsText("result")).contains("success").doesNotContain("failure");
        assertThat(build.get("items")).isEmpty();
        assertThat(ask("/project/gh/acme/api/9/tests", TOKEN).statusCode()).isEqualTo(404);
    }

    @Test
    void artifacts_are_there_when_the_job_is_over() throws Exception {
        // Given
        Run run = known(scenarios.breaking(4, START));
        Job job = run.workflows().get(0).jobs().get(1);

        // When
        JsonNode page = get("/project/gh/acme/api/41/artifacts");
        clock.now = job.stoppedAt().minusMillis(1);
        JsonNode before = get("/project/gh/acme/api/41/artifacts");

        // Then
        assertThat(page.get("items"))
                .hasSize(3)
                .allSatisfy(item -> assertThat(keys(item)).containsExactlyInAnyOrder("node_index", "path", "url"));
        assertThat(page.get("next_page_token").isNull()).isTrue();
        assertThat(page.findValuesAsText("node_index")).containsExactly("0", "1", "0");
        assertThat(before.get("items")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/pipeline", "/pipeline/7", "/71/tests", "/71/artifacts"})
    void below_a_project_every_spelling_of_its_slug_is_understood(String rest) throws Exception {
        // Given
        known(scenarios.green(7, START));
        Run other = known(scenarios.approved(7, START));

        // When
        JsonNode asIs = get("/project/gh/acme/web" + rest);

        // Then
        assertThat(get("/project/gh%2Facme%2Fweb" + rest)).isEqualTo(asIs);
        assertThat(get("/project/github/acme/web" + rest)).isEqualTo(asIs);
        assertThat(get("/project/github%2Facme%2Fweb" + rest)).isEqualTo(asIs);
        assertThat(get("/project/" + other.project().slug() + rest)).isNotEqualTo(asIs);
    }

    @Test
    void a_limit_is_told_and_enforced_until_its_window_ends() throws Exception {
        // Given
        known(scenarios.green(7, START));
        stub.limit(2, Duration.ofSeconds(10));

        // When
        HttpResponse<String> first = ask("/project/gh/acme/web", TOKEN);
        clock.now = clock.now.plusMillis(2_500);
        HttpResponse<String> second = ask("/project/gh/acme/web", TOKEN);
        HttpResponse<String> refused = ask("/project/gh/acme/web", TOKEN);
        HttpResponse<String> forbidden = ask("/workflow/unknown", TOKEN);
        clock.now = clock.now.plusSeconds(8);
        HttpResponse<String> later = ask("/project/gh/acme/web", TOKEN);

        // Then
        assertThat(List.of(first, second, refused, forbidden, later))
                .extracting(HttpResponse::statusCode)
                .containsExactly(200, 200, 429, 429, 200);
        assertThat(List.of(first, second, refused, later))
                .extracting(answer -> header(answer, "ratelimit-limit") + " " + header(answer, "ratelimit-remaining")
                        + " " + header(answer, "ratelimit-reset"))
                .containsExactly("2 1 10", "2 0 8", "2 0 8", "2 1 10");
        assertThat(header(refused, "x-ratelimit-limit")).isEqualTo("4");
        assertThat(header(refused, "x-ratelimit-remaining")).isEqualTo("2");
        assertThat(header(refused, "x-ratelimit-reset")).isEqualTo("8");
        assertThat(header(refused, "retry-after")).isEqualTo("8");
        assertThat(header(refused, "content-type")).isEqualTo("text/plain");
        assertThat(refused.body()).isEqualTo("Rate limited.");
        assertThat(stub.forbiddenCalls()).isOne();
    }

    @Test
    void without_a_limit_none_is_told() throws Exception {
        // Given
        known(scenarios.green(7, START));
        stub.limit(1, Duration.ofSeconds(10));
        stub.unlimited();

        // When
        ask("/project/gh/acme/web", TOKEN);
        HttpResponse<String> second = ask("/project/gh/acme/web", TOKEN);

        // Then
        assertThat(second.statusCode()).isEqualTo(200);
        assertThat(second.headers().map()).doesNotContainKeys("ratelimit-limit", "x-ratelimit-limit");
    }

    @Test
    void a_call_is_forbidden_until_the_pause_it_was_told_is_over() throws Exception {
        // Given
        known(scenarios.green(7, START));
        stub.failNext(1, CircleCiStub.Failure.unavailable());
        stub.failNext(1, CircleCiStub.Failure.tooManyRequests(Duration.ofSeconds(3)));

        // When
        ask("/project/gh/acme/web", TOKEN);
        ask("/project/gh/acme/web", TOKEN);
        int atFirst = stub.forbiddenCalls();
        clock.now = clock.now.plusMillis(2_999);
        int inside = ask("/project/gh/acme/web", TOKEN).statusCode();
        clock.now = clock.now.plusMillis(1);
        ask("/project/gh/acme/web", TOKEN);

        // Then
        assertThat(atFirst).isZero();
        assertThat(inside).isEqualTo(200);
        assertThat(stub.forbiddenCalls()).isOne();
    }

    @Test
    void while_it_is_down_every_call_is_a_503() throws Exception {
        // Given
        known(scenarios.green(7, START));
        stub.failNext(1, CircleCiStub.Failure.tooManyRequests(Duration.ofSeconds(3)));

        // When
        stub.down(true);
        int first = ask("/project/gh/acme/web", TOKEN).statusCode();
        int second = ask("/project/gh/acme/web", "wrong").statusCode();
        stub.down(false);

        // Then: what was to come next still comes
        assertThat(List.of(first, second)).containsExactly(503, 503);
        assertThat(ask("/project/gh/acme/web", TOKEN).statusCode()).isEqualTo(429);
        assertThat(ask("/project/gh/acme/web", TOKEN).statusCode()).isEqualTo(200);
    }

    @Test
    void calls_are_counted_by_what_they_ask_for() throws Exception {
        // Given
        Run run = known(scenarios.green(7, START));

        // When
        ask("/pipeline/" + run.id(), TOKEN);
        ask("/pipeline/unknown", TOKEN);
        ask("/project/github/acme/web/job/70", TOKEN);
        ask("/project/gh/acme/web/pipeline?branch=main", "wrong");
        ask("/me", TOKEN);

        // Then
        assertThat(stub.callsByRoute())
                .isEqualTo(Map.of(
                        "/pipeline/:id", 2, "/project/:slug/job/:number", 1, "/project/:slug/pipeline", 1, "other", 1));
        assertThat(stub.totalCalls()).isEqualTo(5);
    }

    @Test
    void wide_runs_are_green_and_share_no_job_number() throws Exception {
        // Given
        Set<Long> numbers = new HashSet<>();

        // When
        for (long number = 1; number <= 30; number++) {
            Run run = known(scenarios.wide(number, START, 20));
            run.workflows()
                    .get(0)
                    .jobs()
                    .forEach(job -> numbers.add(job.number().getAsLong()));
        }

        // Then
        assertThat(numbers).hasSize(30 * 20);
        Workflow workflow = scenarios.wide(17, START, 20).workflows().get(0);
        assertThat(workflow.outcome()).isEqualTo("success");
        JsonNode jobs = get("/workflow/" + workflow.id() + "/job").get("items");
        assertThat(jobs).hasSize(20);
        assertThat(get("/project/gh/acme/mono/job/" + jobs.at("/19/job_number"))
                        .at("/latest_workflow/id")
                        .asText())
                .isEqualTo(workflow.id().toString());
    }

    private Run known(Run run) {
        stub.register(run);
        return run;
    }

    private JsonNode get(String path) throws IOException, InterruptedException {
        HttpResponse<String> answer = ask(path, TOKEN);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return new ObjectMapper().readTree(answer.body());
    }

    private HttpResponse<String> ask(String path, String token) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(stub.url() + path))
                .header("Circle-Token", token)
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private static List<String> keys(JsonNode body) {
        Iterable<String> names = body::fieldNames;
        return StreamSupport.stream(names.spliterator(), false).toList();
    }

    private static String header(HttpResponse<String> answer, String name) {
        return answer.headers().firstValue(name).orElse("");
    }

    private static String token(JsonNode page) {
        return page.get("next_page_token").asText();
    }

    private static List<Long> numbers(JsonNode page) {
        return page.findValues("number").stream().map(JsonNode::asLong).toList();
    }

    private static List<Long> downFrom(long first, int howMany) {
        return Stream.iterate(first, number -> number - 1).limit(howMany).toList();
    }

    private static Instant time(JsonNode body, String pointer) {
        return Instant.parse(body.at(pointer).asText());
    }

    private static final class HandSetClock extends Clock {

        // The stub reads it in its own threads.
        private volatile Instant now;

        HandSetClock(Instant now) {
            this.now = now;
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }
    }
}
