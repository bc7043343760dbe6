package dev.treering.enrichment;

import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.TestStores;
import dev.treering.simulation.CircleCiStub;
import dev.treering.simulation.Delivery;
import dev.treering.simulation.Run;
import dev.treering.simulation.Scenarios;
import dev.treering.simulation.Simulator;
import dev.treering.simulation.WebhookSender;
import dev.treering.simulation.Webhooks;
import io.restassured.RestAssured;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

@FlowTest
class EnrichmentFlowTest {

    private static final Instant START = Instant.parse("2026-11-20T10:00:00Z");

    @Inject
    Database database;

    private static void play(Run run) throws InterruptedException {
        URI door = URI.create("http://localhost:" + RestAssured.port + "/webhooks/circleci");
        try (Simulator simulator =
                new Simulator(TestStores.circleCi(), new WebhookSender(door, TestStores.SECRET), Clock.systemUTC())) {
            simulator.play(run);
        }
    }

    private void awaitEnriched(Run run) {
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            assertThat(database.count(
                            "select count(*) from workflow where pipeline_id = ? and details_stamp is not null",
                            run.id()))
                    .isEqualTo(run.workflows().size());
            assertThat(database.count(
                            "select count(*) from enrichment_task where pipeline_id = ? and state <> 'done'", run.id()))
                    .isZero();
        });
    }

    @Test
    void aRun_isCompletedWithWhatNoWebhookTells() throws InterruptedException {
        // Given
        Run run = new Scenarios(11).green(101, START);
        // When
        play(run);
        awaitEnriched(run);
        // Then its jobs know where they ran and how long they waited
        await().untilAsserted(() -> assertThat(database.count("""
                        select count(*) from job where pipeline_id = ? and number is not null
                            and resource_class is not null and queued_at < started_at""", run.id()))
                .isEqualTo(run.workflows().stream()
                        .flatMap(workflow -> workflow.jobs().stream())
                        .filter(job -> job.number().isPresent())
                        .count()));
        assertThat(database.value("select state || ' ' || trigger_actor_login from pipeline where id = ?", run.id()))
                .startsWith("created ");
        assertThat(database.value(
                        "select default_branch from project p join pipeline l on l.project_id = p.id where l.id = ?",
                        run.id()))
                .isNotBlank();
        // and the pipeline was asked for once, however many webhooks named it
        assertThat(TestStores.circleCi().calls("/pipeline/" + run.id())).isOne();
    }

    @Test
    void anApprovedRun_hasTheApprovalThatNoWebhookNames() throws InterruptedException {
        // Given
        Run run = new Scenarios(12).approved(102, START);
        // When
        play(run);
        awaitEnriched(run);
        // Then
        await().untilAsserted(() -> assertThat(database.value(
                        "select status from job where pipeline_id = ? and type = 'approval' and number is null",
                        run.id()))
                .isEqualTo("success"));
    }

    @Test
    void aCancelledRun_keepsItsLatestEnd() throws InterruptedException {
        // Given
        Run run = new Scenarios(13).cancelled(103, START);
        // When
        play(run);
        awaitEnriched(run);
        // Then
        var workflow = run.workflows().get(0);
        assertThat(database.value("select status from workflow where id = ?", workflow.id()))
                .isEqualTo("canceled");
        assertThat(database.value(
                        "select (stopped_at = ?::timestamptz)::text from workflow where id = ?",
                        workflow.stoppedAt().toString(),
                        workflow.id()))
                .isEqualTo("true");
    }

    @Test
    void aRateLimit_isObeyedAndTheTaskIsDoneLater() throws InterruptedException {
        // Given
        TestStores.circleCi().failNext(1, CircleCiStub.Failure.tooManyRequests(Duration.ofSeconds(2)));
        Run run = new Scenarios(14).green(104, START);
        // When
        play(run);
        // Then
        await().untilAsserted(() -> assertThat(database.count(
                        "select count(*) from api_budget where problem = 'rate limited' and paused_until > now()"))
                .isPositive());
        awaitEnriched(run);
    }

    @Test
    void aServerError_isRetried() throws InterruptedException {
        // Given
        TestStores.circleCi().failNext(2, CircleCiStub.Failure.unavailable());
        Run run = new Scenarios(15).breaking(105, START);
        // When
        play(run);
        // Then
        awaitEnriched(run);
    }

    private static void sendWithoutCircleCiKnowing(Run run) throws InterruptedException {
        URI door = URI.create("http://localhost:" + RestAssured.port + "/webhooks/circleci");
        try (WebhookSender sender = new WebhookSender(door, TestStores.SECRET)) {
            for (Delivery delivery : Webhooks.of(run)) {
                sender.deliver(delivery);
            }
        }
    }

    private long tasks(Run run, String condition) {
        return database.count("select count(*) from enrichment_task where pipeline_id = ? and " + condition, run.id());
    }

    @Test
    @Tag("F35")
    void whatIsNotThereYet_isTriedAgain() throws InterruptedException {
        // Given webhooks of a run that the API does not show yet
        Run run = new Scenarios(16).green(106, START);
        sendWithoutCircleCiKnowing(run);
        await().until(() -> tasks(run, "last_error like '%404%'") > 0);
        // When it does
        TestStores.circleCi().register(run);
        // Then
        awaitEnriched(run);
    }

    @Test
    @Tag("F35")
    void whatStaysNotThere_isNotFoundForGoodAndTheWebhooksStand() throws InterruptedException {
        // Given
        Run run = new Scenarios(17).green(107, START);
        sendWithoutCircleCiKnowing(run);
        // When it was looked for often enough
        await().atMost(Duration.ofSeconds(40))
                .until(() -> tasks(run, "state = 'pending'") == 0 && tasks(run, "state = 'not_found'") > 0);
        // Then nothing of it is done, and what the webhooks told is there
        assertThat(tasks(run, "state <> 'not_found'")).isZero();
        assertThat(database.value(
                        "select status from workflow where id = ?",
                        run.workflows().get(0).id()))
                .isEqualTo("success");
    }
}
