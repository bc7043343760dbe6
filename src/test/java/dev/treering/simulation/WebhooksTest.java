package dev.treering.simulation;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class WebhooksTest {

    private static final Instant START = Instant.parse("2026-03-25T17:12:20.123Z");

    private final Scenarios scenarios = new Scenarios(1);

    @Test
    void the_signature_is_the_documented_one() {
        assertThat(Delivery.sign("secret", "hello world"))
                .isEqualTo("734cc62f32841568f45715aeb9f4d7891324e6d948e4c6c60c0621cdac48623a");
    }

    @Test
    void a_green_run_tells_each_job_and_then_the_workflow() {
        // When
        List<Delivery> deliveries = Webhooks.of(scenarios.green(7, START));

        // Then
        assertThat(deliveries)
                .extracting(Delivery::eventType)
                .containsExactly(
                        "job-completed", "job-completed", "job-completed", "job-completed", "workflow-completed");
        assertThat(deliveries).extracting(Delivery::due).isSorted();
        assertThat(deliveries).extracting(delivery -> delivery.id().version()).containsOnly(3);
        assertThat(bodies(deliveries).get(4).at("/project/slug").asText()).isEqualTo("github/acme/web");
        assertThat(bodies(deliveries).get(4).at("/workflow/status").asText()).isEqualTo("success");
        assertThat(bodies(deliveries).get(0).at("/workflow/status").isMissingNode())
                .isTrue();
        assertThat(bodies(deliveries).get(0).at("/happened_at").asText()).matches(".*\\.\\d{6}Z");
    }

    @Test
    void a_cancelled_workflow_is_told_once_more_than_it_has_jobs() {
        // When
        List<JsonNode> told = workflows(scenarios.cancelled(1, START)).toList();

        // Then
        assertThat(told).hasSize(4);
        assertThat(told)
                .extracting(body -> body.at("/workflow/status").asText())
                .containsOnly("canceled");
        assertThat(told)
                .extracting(body -> body.at("/id").asText())
                .containsOnly(told.get(0).at("/id").asText());
        assertThat(told.get(0).at("/workflow/stopped_at")).isEqualTo(told.get(0).at("/workflow/created_at"));
        List<String> stops = told.stream()
                .map(body -> body.at("/workflow/stopped_at").asText())
                .toList();
        assertThat(stops).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void an_approval_is_not_told() {
        // When
        List<JsonNode> told = bodies(Webhooks.of(scenarios.approved(2, START)));

        // Then
        assertThat(told).extracting(body -> body.at("/job/name").asText()).containsExactly("build", "release", "");
    }

    @Test
    void a_rerun_is_a_new_workflow_of_the_same_name_in_the_same_pipeline() {
        // When
        List<JsonNode> told = workflows(scenarios.rerun(3, START)).toList();

        // Then
        assertThat(told)
                .extracting(body -> body.at("/workflow/status").asText())
                .containsExactly("failed", "success");
        assertThat(told).extracting(body -> body.at("/workflow/name").asText()).containsOnly("smoke");
        assertThat(told).extracting(body -> body.at("/workflow/id").asText()).doesNotHaveDuplicates();
        assertThat(told)
                .extracting(body -> body.at("/pipeline/id").asText())
                .containsOnly(told.get(0).at("/pipeline/id").asText());
    }

    @Test
    void the_github_app_tells_the_commit_in_trigger_parameters() {
        // When
        JsonNode pipeline = workflows(scenarios.approved(2, START))
                .findFirst()
                .orElseThrow()
                .at("/pipeline");

        // Then
        assertThat(pipeline.has("vcs")).isFalse();
        assertThat(pipeline.at("/trigger_parameters/git/branch").asText()).isEqualTo("main");
        assertThat(pipeline.at("/trigger_parameters/git/checkout_sha").asText()).matches("[0-9a-f]{40}");
        assertThat(pipeline.at("/trigger_parameters/circleci/event_time").asText())
                .isEqualTo("2026-03-25 17:12:20.123000000 +0000 UTC");
    }

    @Test
    void main_of_the_api_breaks_stays_broken_and_recovers() {
        // When
        Stream<String> outcomes = Stream.of(1L, 3L, 4L, 5L, 6L).map(number -> {
            Run run = scenarios.breaking(number, START.plus(Duration.ofMinutes(number)));
            return run.commit().branch() + " " + run.workflows().get(0).outcome();
        });

        // Then
        assertThat(outcomes)
                .containsExactly("main success", "main success", "main failed", "main failed", "main success");
    }

    @Test
    void the_same_seed_tells_the_same_story() {
        assertThat(Webhooks.of(new Scenarios(7).rerun(3, START)))
                .isEqualTo(Webhooks.of(new Scenarios(7).rerun(3, START)));
        assertThat(Webhooks.of(new Scenarios(8).rerun(3, START)))
                .isNotEqualTo(Webhooks.of(new Scenarios(7).rerun(3, START)));
    }

    private static Stream<JsonNode> workflows(Run run) {
        return bodies(Webhooks.of(run)).stream()
                .filter(body -> body.at("/type").asText().equals("workflow-completed"));
    }

    private static List<JsonNode> bodies(List<Delivery> deliveries) {
        return deliveries.stream().map(WebhooksTest::body).toList();
    }

    private static JsonNode body(Delivery delivery) {
        try {
            return new ObjectMapper().readTree(delivery.body());
        } catch (JsonProcessingException e) {
            throw new AssertionError(delivery.body(), e);
        }
    }
}
