package dev.treering.enrichment;

import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

import jakarta.inject.Inject;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.TestStores;
import dev.treering.circleci.CircleCi;
import dev.treering.event.Source;
import dev.treering.simulation.CircleCiStub;
import dev.treering.simulation.Delivery;
import dev.treering.simulation.Job;
import dev.treering.simulation.Run;
import dev.treering.simulation.Scenarios;
import dev.treering.simulation.Simulator;
import dev.treering.simulation.WebhookSender;
import dev.treering.simulation.Webhooks;
import io.restassured.RestAssured;
import io.smallrye.config.SmallRyeConfigBuilder;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

@FlowTest
class EnrichmentFlowTest {

    private static final Instant START = Instant.parse("2026-11-20T10:00:00Z");
    private static final ObjectMapper JSON = new ObjectMapper();

    @Inject
    Database database;

    @Inject
    CircleCi circleCi;

    @Inject
    EnrichmentJob enrichment;

    @Inject
    Tasks tasks;

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
    void aFailedRun_isKeptWithItsFailuresItsArtifactsAndItsConfigurationAskedForOnce() throws Exception {
        // Given a run of which one job fails, and of its 24 tests two
        Run run = new Scenarios(18, "broken").breaking(4, START);
        String slug = run.project().slug();
        List<Job> jobs = run.workflows().get(0).jobs();
        Job failed = only(jobs, job -> job.outcome().equals("failed"));
        Job passed = only(jobs, job -> job.name().equals("contract-tests"));
        // When
        play(run);
        awaitEnriched(run);
        // Then the failures are there in full and the others as numbers
        await().untilAsserted(() -> assertThat(database.value(
                        "select tests_total || ' ' || tests_failed || ' ' || tests_skipped from job where id = ?",
                        failed.id()))
                .isEqualTo("24 2 1"));
        String path = "/project/%s/%d".formatted(slug, failed.number().orElseThrow());
        assertThat(JSON.readTree(database.value("select test_failures from job where id = ?", failed.id())))
                .isEqualTo(JSON.readTree("""
                        [{"classname": "acme.api.PagesTest", "name": "page_10_is_complete", "run_time": 1.375,
                          "file": "src/test/java/acme/api/PagesTest.java", "source": "junit", "result": "failure",
                          "message": "expected: <10> but was: <0>"},
                         {"classname": "acme.api.PagesTest", "name": "page_21_is_complete", "run_time": 2.75,
                          "file": "src/test/java/acme/api/PagesTest.java", "source": "junit", "result": "failure",
                          "message": "expected: <21> but was: <0>"}]"""));
        // and what it stored, of each of its two containers a log, and a report
        assertThat(JSON.readTree(database.value("select artifacts from job where id = ?", failed.id())))
                .extracting(artifact ->
                        artifact.get("node_index") + " " + artifact.get("path").asText())
                .containsExactly("0 logs/unit-tests.log", "1 logs/unit-tests.log", "0 test-results/junit.xml");
        assertThat(database.value("select artifacts -> 0 ->> 'url' from job where id = ?", failed.id()))
                .startsWith("https://");
        // and the configuration, as it was written and as it was compiled
        assertThat(database.value("select config_source from pipeline where id = ?", run.id()))
                .startsWith("version: 2.1\n")
                .contains("executor: base");
        assertThat(database.value("select config_compiled from pipeline where id = ?", run.id()))
                .startsWith("version: 2\n")
                .contains("command: make unit-tests");
        // and each was asked for once (the tests have two pages), and nothing of the kind for a job that passed
        assertThat(TestStores.circleCi().calls(path + "/tests")).isEqualTo(2);
        assertThat(TestStores.circleCi().calls(path + "/artifacts")).isOne();
        assertThat(TestStores.circleCi().calls("/pipeline/" + run.id() + "/config"))
                .isOne();
        assertThat(TestStores.circleCi().calls().keySet())
                .noneMatch(called -> called.startsWith(
                        "/project/%s/%d/".formatted(slug, passed.number().orElseThrow())));
        assertThat(database.count(
                        "select count(*) from job where id = ? and tests_stamp is null and artifacts_stamp is null",
                        passed.id()))
                .isOne();
    }

    private static Job only(List<Job> jobs, Predicate<Job> which) {
        return jobs.stream().filter(which).findFirst().orElseThrow();
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
    void aRateLimit_isObeyedAndTheTaskIsDoneLater() throws Exception {
        // Given
        TestStores.circleCi().failNext(1, CircleCiStub.Failure.tooManyRequests(Duration.ofSeconds(2)));
        Run run = new Scenarios(14).green(104, START);
        // When
        play(run);
        // Then
        await().untilAsserted(() -> assertThat(enrichment.status().state()).isEqualTo("limited"));
        // Everybody was told before the worker itself knew.
        assertThat(database.count(
                        "select count(*) from api_budget where problem = 'rate limited' and paused_until > now()"))
                .isPositive();
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

    @Test
    void whatCircleCiRefuses_isGivenUpAtOnceWithTheReason() throws InterruptedException {
        // Given
        Run run = new Scenarios(19).green(108, START);
        String path = "/workflow/" + run.workflows().get(0).id();
        TestStores.circleCi().answer(path, new CircleCiStub.Failure(410, Optional.empty(), "text/plain", "Gone."));
        // When
        play(run);
        // Then
        await().until(() -> tasks(run, "state = 'given_up' and last_error like '%answered 410'") == 1);
        assertThat(TestStores.circleCi().calls(path)).isOne();
    }

    @Test
    void theConfigurationOfAPipeline_isNotAskedForWhereThatIsSwitchedOff() throws Exception {
        // Given
        Run run = new Scenarios(20).green(109, START);
        TestStores.circleCi().register(run);
        EnrichmentConfig without = new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withDefaultValue("treering.enrichment.pipeline-config", "false")
                .withMapping(EnrichmentConfig.class)
                .build()
                .getConfigMapping(EnrichmentConfig.class);
        // When
        await().until(circleCi::mayAsk);
        Enricher.Told told = new Enricher(circleCi, tasks, without)
                .ask(Task.ofProject(run.project().id(), run.project().slug(), Source.API, null)
                        .pipeline(run.id(), START));
        // Then
        assertThat(told.snapshot().pipeline().id()).isEqualTo(run.id());
        assertThat(told.snapshot().config()).isNull();
        assertThat(TestStores.circleCi().calls("/pipeline/" + run.id() + "/config"))
                .isZero();
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
        // Given webhooks of a run of this minute that the API does not show yet
        Run run = new Scenarios(16).green(106, Instant.now().minusSeconds(60));
        sendWithoutCircleCiKnowing(run);
        await().until(() -> tasks(run, "last_error like '%404%'") > 0);
        // and however often it did not answer before
        database.change(
                "update enrichment_task set attempts = 5, last_error = null, due_at = now() where pipeline_id = ?",
                run.id());
        await().until(() -> tasks(run, "last_error like '%404%'") > 0);
        assertThat(tasks(run, "state = 'not_found'")).isZero();
        // When it does
        TestStores.circleCi().register(run);
        database.change("update enrichment_task set due_at = now() where pipeline_id = ?", run.id());
        // Then
        awaitEnriched(run);
    }

    @Test
    @Tag("F35")
    void whatStaysNotThere_isNotFoundForGoodAndTheWebhooksStand() throws InterruptedException {
        // Given a run of days ago: CircleCI showed it long since, if it had it
        Run run = new Scenarios(17).green(107, START);
        sendWithoutCircleCiKnowing(run);
        // When it was looked for
        await().atMost(Duration.ofSeconds(40))
                .until(() -> tasks(run, "state = 'pending'") == 0 && tasks(run, "state = 'not_found'") > 0);
        // Then nothing of it is done, and what the webhooks told is there
        assertThat(tasks(run, "state <> 'not_found' or last_error like '%404%' and version = 1 and in_vain > 1"))
                .isZero();
        assertThat(database.value(
                        "select status from workflow where id = ?",
                        run.workflows().get(0).id()))
                .isEqualTo("success");
    }
}
