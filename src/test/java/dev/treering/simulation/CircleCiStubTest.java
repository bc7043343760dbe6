package dev.treering.simulation;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.StreamSupport;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class CircleCiStubTest {

    private static final Instant START = Instant.parse("2026-03-25T17:12:20.123Z");
    private static final String TOKEN = "a-token";

    private final HttpClient client = HttpClient.newHttpClient();
    private final Scenarios scenarios = new Scenarios(1);
    private CircleCiStub stub = CircleCiStub.start(TOKEN, Clock.fixed(START.plus(Duration.ofHours(1)), ZoneOffset.UTC));

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
        stub.close();
        stub = CircleCiStub.start(TOKEN, Clock.fixed(waiting, ZoneOffset.UTC));
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

    private static Instant time(JsonNode body, String pointer) {
        return Instant.parse(body.at(pointer).asText());
    }
}
