package dev.treering.enrichment;

import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.TestStores;
import dev.treering.simulation.CircleCiStub;
import dev.treering.simulation.Delivery;
import dev.treering.simulation.Run;
import dev.treering.simulation.Scenarios;
import dev.treering.simulation.WebhookSender;
import dev.treering.simulation.Webhooks;
import io.restassured.RestAssured;
import org.junit.jupiter.api.Test;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

/** What no webhook told is found, fetched, and until then said. */
@FlowTest
class HealingTest {

    private static final long SEED = Long.getLong("treering.seed", System.nanoTime());
    private static final int PIPELINES = 500;

    @Inject
    Database database;

    @Inject
    Reconciler reconciler;

    private final CircleCiStub circleCi = TestStores.circleCi();
    private final Random random = new Random(SEED);
    // Projects of this test alone.
    private final String organization = "heal" + UUID.randomUUID().toString().substring(0, 8);
    private final Scenarios scenarios = new Scenarios(SEED, organization);

    private static void send(List<Delivery> deliveries) throws InterruptedException {
        URI door = URI.create("http://localhost:" + RestAssured.port + "/webhooks/circleci");
        try (WebhookSender sender = new WebhookSender(door, TestStores.SECRET)) {
            for (Delivery delivery : deliveries) {
                sender.deliver(delivery);
            }
        }
    }

    private void reconcileNow() {
        database.change("update reconciliation set due_at = now() where project_slug like ?", "%" + organization + "%");
    }

    private void awaitTruth(List<Run> runs, Duration patience) {
        await().atMost(patience)
                .pollInterval(Duration.ofSeconds(1))
                .untilAsserted(() -> assertThat(Truth.missing(database, runs))
                        .as("seed %d", SEED)
                        .isEmpty());
    }

    private long pending() {
        return database.count(
                "select count(*) from enrichment_task where state = 'pending' and project_slug like ?",
                "%" + organization + "%");
    }

    private static List<Run> numbered(int count, LongFunction<Run> run) {
        return LongStream.rangeClosed(1, count).mapToObj(run).toList();
    }

    @Test
    void afterReconciliation_theHistoryEqualsWhatCircleCiKnows() throws InterruptedException {
        // Given 500 pipelines of three kinds, all over, of which CircleCI knows everything
        Instant start = Instant.now().minus(Duration.ofDays(20));
        List<Run> runs = Stream.of(
                        numbered(PIPELINES / 2, n -> scenarios.green(n, start.plus(Duration.ofHours(n)))),
                        numbered(PIPELINES / 4, n -> scenarios.breaking(n, start.plus(Duration.ofHours(n)))),
                        numbered(
                                PIPELINES / 4,
                                n -> n % 3 == 0
                                        ? scenarios.cancelled(n, start.plus(Duration.ofHours(n)))
                                        : n % 3 == 1
                                                ? scenarios.approved(n, start.plus(Duration.ofHours(n)))
                                                : scenarios.rerun(n, start.plus(Duration.ofHours(n)))))
                .flatMap(List::stream)
                .toList();
        runs.forEach(circleCi::register);
        // When webhooks come as they do: 5 % never, 10 % twice, 20 % out of order; the first of each project does come
        List<Delivery> deliveries = new ArrayList<>();
        int dropped = 0;
        for (Run run : runs) {
            for (Delivery delivery : Webhooks.of(run)) {
                if (run.number() > 1 && random.nextInt(100) < 5) {
                    dropped++;
                    continue;
                }
                deliveries.add(delivery);
                if (random.nextInt(100) < 10) {
                    deliveries.add(delivery);
                }
            }
        }
        // and the newest run of all is told by none
        deliveries.removeIf(delivery ->
                delivery.body().contains(runs.get(PIPELINES / 2 - 1).id().toString()));
        for (int i = 0; i < deliveries.size() / 5; i++) {
            deliveries.add(random.nextInt(deliveries.size()), deliveries.remove(random.nextInt(deliveries.size())));
        }
        int before = circleCi.totalCalls();
        send(deliveries);
        await().atMost(Duration.ofMinutes(2)).until(() -> pending() == 0);
        List<String> untold = Truth.missing(database, runs);
        assertThat(untold).as("what webhooks alone leave out").isNotEmpty();
        await().atMost(Duration.ofSeconds(30))
                .until(() -> database.count(
                                "select count(*) from reconciliation where project_slug like ?",
                                "%" + organization + "%")
                        >= 2);
        reconcileNow();
        // Then
        awaitTruth(runs, Duration.ofMinutes(2));
        await().until(() -> pending() == 0);
        given().header("Circle-Token", TestStores.TOKEN)
                .get("/api/projects/" + scenarios.web().slug() + "/completeness")
                .then()
                .statusCode(200)
                .body("missing", equalTo(0))
                .body("holes", empty())
                .body("pending", equalTo(0))
                .body("given_up", equalTo(0))
                .body("duplicates", greaterThan(0))
                .body("found", greaterThan(0))
                .body("last_reconciliation", notNullValue())
                .body("problem", nullValue());
        System.out.printf(
                "healing: seed %d, %d pipelines, %d webhooks sent, %d dropped, %d things missing before, 0 after, %d calls%n",
                SEED, runs.size(), deliveries.size(), dropped, untold.size(), circleCi.totalCalls() - before);
    }

    @Test
    void aHole_isSaidWithItsNumbersUntilItIsFilledAndItsProvenanceAfterwards() throws InterruptedException {
        // Given pipelines 1 and 4, and what is between them is not known to CircleCI either
        Instant start = Instant.now().minus(Duration.ofDays(2));
        Run first = scenarios.green(1, start);
        Run last = scenarios.green(4, start.plusSeconds(600));
        for (Run run : List.of(first, last)) {
            circleCi.register(run);
            send(Webhooks.of(run));
        }
        await().until(() ->
                database.count("select count(*) from pipeline where id in (?, ?)", first.id(), last.id()) == 2);
        String slug = scenarios.web().slug();
        given().header("Circle-Token", TestStores.TOKEN)
                .urlEncodingEnabled(false)
                .get("/api/projects/" + slug.replace("/", "%2F") + "/completeness")
                .then()
                .body("missing", equalTo(2))
                .body("holes[0].first", equalTo(2))
                .body("holes[0].last", equalTo(3));
        // and each webhook is counted, also what comes again
        int told = Webhooks.of(first).size() + Webhooks.of(last).size();
        send(Webhooks.of(first));
        await().untilAsserted(() -> given().header("Circle-Token", TestStores.TOKEN)
                .get("/api/projects/" + slug + "/completeness")
                .then()
                .body("received", equalTo(told + Webhooks.of(first).size()))
                .body("recorded", equalTo(told))
                .body("duplicates", equalTo(Webhooks.of(first).size()))
                .body("dead", equalTo(0)));
        // When it is there after all, and the numbers are compared
        List<Run> found = List.of(scenarios.green(2, start.plusSeconds(60)), scenarios.green(3, start.plusSeconds(90)));
        found.forEach(circleCi::register);
        await().atMost(Duration.ofSeconds(30))
                .until(() -> database.count("select count(*) from reconciliation where project_slug = ?", slug) == 1);
        reconcileNow();
        // Then
        awaitTruth(List.of(first, found.get(0), found.get(1), last), Duration.ofSeconds(30));
        given().header("Circle-Token", TestStores.TOKEN)
                .get("/api/projects/" + slug + "/completeness")
                .then()
                .body("missing", equalTo(0));
        given().header("Circle-Token", TestStores.TOKEN)
                .get("/api/pipelines/{id}/provenance", found.get(0).id())
                .then()
                .body("identity.source", equalTo("reconcile"))
                .body("identity.observed_at", containsString("T"));
        given().header("Circle-Token", TestStores.TOKEN)
                .get("/api/workflows/{id}/provenance", first.workflows().get(0).id())
                .then()
                .body("link.source", equalTo("webhook"))
                .body("details.source", equalTo("api"));
    }

    private void lose(String table, String where, UUID id) {
        database.change("delete from %s where %s = ?".formatted(table, where), id);
    }

    @Test
    void whatWasLostLater_isFilledByTheNextComparison() throws InterruptedException {
        // Given five pipelines of two workflows each, all of them known
        Instant start = Instant.now().minus(Duration.ofHours(5));
        List<Run> runs = numbered(5, n -> scenarios.rerun(n, start.plus(Duration.ofMinutes(10 * n))));
        runs.forEach(circleCi::register);
        for (Run run : runs) {
            send(Webhooks.of(run));
        }
        awaitTruth(runs, Duration.ofSeconds(60));
        await().until(() -> pending() == 0);
        String tasksOfThird = "select count(*) from enrichment_task where state = 'done' and pipeline_id = '%s'"
                .formatted(runs.get(2).id());
        long known = database.count(tasksOfThird);
        await().atMost(Duration.ofSeconds(30))
                .until(() -> database.count(
                                "select count(*) from reconciliation where project_slug = ?",
                                scenarios.deploy().slug())
                        == 1);
        // When everything of two of them is lost, as if Kafka had never had it: of one in between and of the newest
        for (int lost : List.of(1, 4)) {
            for (String table : List.of("enrichment_task", "job", "workflow")) {
                lose(table, "pipeline_id", runs.get(lost).id());
            }
            lose("pipeline", "id", runs.get(lost).id());
        }
        // and of the third all tasks, as when a database is restored and Kafka's group knows better
        lose("enrichment_task", "pipeline_id", runs.get(2).id());
        // and of the fourth whatever told of its rerun, while it was asked for before that
        UUID rerun = runs.get(3).workflows().get(1).id();
        lose("enrichment_task", "workflow_id", rerun);
        lose("job", "workflow_id", rerun);
        lose("workflow", "id", rerun);
        database.change(
                "update enrichment_task set named_at = now() - interval '14 hours', settled_at = now() - interval '11 hours'"
                        + " where entity_id = ?",
                runs.get(3).id());
        assertThat(Truth.missing(database, runs)).isNotEmpty();
        reconcileNow();
        // Then
        awaitTruth(runs, Duration.ofSeconds(60));
        await().untilAsserted(() -> assertThat(database.count(tasksOfThird)).isEqualTo(known));
        await().until(() -> pending() == 0);
        // and what is asked for again for the sake of reruns is asked for now and then, not at each comparison
        String workflowsOfFourth = "/pipeline/%s/workflow".formatted(runs.get(3).id());
        int calls = circleCi.calls(workflowsOfFourth);
        int lists = circleCi.calls(
                "/project/%s/pipeline".formatted(scenarios.deploy().slug()));
        reconcileNow();
        await().until(() -> circleCi.calls(
                        "/project/%s/pipeline".formatted(scenarios.deploy().slug()))
                > lists);
        await().until(() -> pending() == 0);
        assertThat(circleCi.calls(workflowsOfFourth)).isEqualTo(calls);
    }

    @Test
    void holesThatCircleCiCannotFill_doNotHideThoseFurtherBack() throws InterruptedException {
        // Given a thousand numbers that were asked for and are not there, and two more below them
        Instant start = Instant.now().minus(Duration.ofDays(2));
        for (Run run : List.of(scenarios.green(1, start), scenarios.green(1_004, start.plusSeconds(600)))) {
            circleCi.register(run);
            send(Webhooks.of(run));
        }
        String slug = scenarios.web().slug();
        database.change("""
                insert into enrichment_task (kind, entity_id, project_id, project_slug, job_number, named_at, state)
                select 'number', gen_random_uuid(), ?, ?, n, now(), 'not_found' from generate_series(4, 1003) as n""", scenarios.web().id(), slug);
        await().atMost(Duration.ofSeconds(30))
                .until(() -> database.count("select count(*) from reconciliation where project_slug = ?", slug) == 1
                        && database.count(
                                        "select count(*) from pipeline where project_id = ?",
                                        scenarios.web().id())
                                == 2);
        // When
        reconcileNow();
        // Then
        await().until(() -> database.count(
                        "select count(*) from enrichment_task where kind = 'number' and project_slug = ? and job_number in (2, 3)",
                        slug)
                == 2);
        assertThat(circleCi.calls("/project/%s/pipeline/1000".formatted(slug))).isZero();
    }

    @Test
    void aProjectThatTheReadsDoNotShowYet_keepsItsComparisonUntilItsSlugIsAnotherOnes() throws SQLException {
        // Given a project that a replica which lags does not show
        String slug = scenarios.web().slug();
        UUID hidden = UUID.randomUUID();
        database.change(
                "insert into reconciliation (project_id, project_slug, due_at, found) values (?, ?, 'infinity', 7)",
                hidden,
                slug);
        // When
        reconciler.lookForWork();
        // Then
        assertThat(reconciler.state(hidden))
                .hasValueSatisfying(state -> assertThat(state.found()).isEqualTo(7));
        // and when another project goes by that slug, its pipelines are no longer the hidden one's
        UUID other = UUID.randomUUID();
        database.change("insert into project (id, slug, identity_stamp) values (?, ?, 'z')", other, slug);
        reconciler.lookForWork();
        assertThat(reconciler.state(hidden)).isEmpty();
        assertThat(reconciler.state(other)).isPresent();
        database.change("delete from project where id = ?", other);
    }

    @Test
    void aWorkflowThatRuns_isShownAsItStandsAndAskedForUntilItHasEnded() throws InterruptedException {
        // Given a run that began just now, and a project that is known
        Run known = scenarios.green(1, Instant.now().minus(Duration.ofDays(1)));
        Run running = scenarios.green(2, Instant.now());
        circleCi.register(known);
        circleCi.register(running);
        send(Webhooks.of(known));
        await().atMost(Duration.ofSeconds(30))
                .until(() -> database.count(
                                "select count(*) from reconciliation where project_slug = ?",
                                known.project().slug())
                        == 1);
        reconcileNow();
        // Then its state is there before any webhook could tell
        UUID workflow = running.workflows().get(0).id();
        await().atMost(Duration.ofSeconds(20))
                .until(() -> "running".equals(database.value("select status from workflow where id = ?", workflow)));
        // and when it has ended, that is found without one
        await().atMost(Duration.ofSeconds(60)).until(() -> {
            database.change(
                    "update enrichment_task set settled_at = settled_at - interval '1 minute' where entity_id = ?",
                    workflow);
            return "success".equals(database.value("select status from workflow where id = ?", workflow));
        });
    }
}
