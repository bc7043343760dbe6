package dev.treering.chaos;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;

import dev.treering.simulation.CircleCiStub;
import dev.treering.simulation.Run;
import dev.treering.simulation.Scenarios;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** Whoever asks CircleCI dies over it and another goes on, or is turned away. */
@ChaosSuite
class EnrichmentChaos {

    private static final int RUNS = 160;
    private static final int TASKS_A_RUN = 6;
    private static final int KILLS = 2;
    private static final int RATE = 30;
    // Tasks that are claimed at once, and pipelines on a page: as many as a death may leave between asked and done.
    private static final int CLAIMED = 20;

    private final Random random = Seed.random();
    private final CircleCiStub circleCi = CircleCiStub.start("token-of-circleci", Clock.systemUTC(), 10 * RUNS);
    private final Scenarios scenarios = new Scenarios(Seed.VALUE, "past");
    private final String slug = scenarios.web().slug();
    private World world;

    @BeforeAll
    void start() {
        world = World.named("enrichment")
                .workers(1)
                .with("TREERING_CIRCLECI_URL", circleCi.url().toString())
                .workersWith("TREERING_CIRCLECI_TOKEN", circleCi.token())
                .with("TREERING_CIRCLECI_LEASE", "8S")
                .with("TREERING_CIRCLECI_DEADLINE", "4S")
                .with("TREERING_CIRCLECI_REJECTED_PAUSE", "12S")
                .with("TREERING_ENRICHMENT_LEASE", "5S")
                .start();
    }

    @AfterAll
    void close() {
        if (world != null) {
            world.close();
        }
        circleCi.close();
    }

    @Test
    @Tag("F18")
    void a_backfill_whose_workers_are_killed_ends_with_every_pipeline_and_asks_again_only_for_what_was_under_way()
            throws Exception {
        // Given
        Scenario scenario = world.scenario("F18 backfill");
        Instant first = Instant.now().minus(Duration.ofDays(30));
        List<Run> runs = LongStream.rangeClosed(1, RUNS)
                .mapToObj(n -> scenarios.green(n, first.plus(Duration.ofHours(n))))
                .toList();
        runs.forEach(circleCi::register);
        // Who takes the request has no token: it is enough that a worker asks.
        scenario.named(
                world.receiver(),
                status -> status.path("enrichment").path("state").asText().equals("on"));
        String id = world.receiver()
                .post("/api/projects/" + slug + "/backfill", "{}")
                .path("id")
                .asText();

        // When each worker dies amid it, and another begins where it was
        try (Instance other = world.instance("worker-2", "worker")) {
            List<Instance> turns = List.of(world.worker(), other);
            for (int kill = 0; kill < KILLS; kill++) {
                Instance victim = turns.get(kill % 2);
                victim.start();
                long enough = done(id) + 50 + random.nextInt(RUNS * TASKS_A_RUN / 4);
                await("some of it is done")
                        .atMost(Duration.ofSeconds(60))
                        .pollInterval(Duration.ofMillis(20))
                        .until(() -> done(id) >= enough);
                scenario.kill(victim);
                assertThat(state(id)).as("amid the backfill").isEqualTo("running");
            }
            world.worker().start();
            await("the backfill ends")
                    .atMost(Duration.ofSeconds(90))
                    .until(() -> state(id).equals("done"));
        }

        // Then
        assertThat(done(id)).isEqualTo(RUNS * TASKS_A_RUN);
        assertThat(world.database().number("select pipelines from backfill where id = '" + id + "'"))
                .isEqualTo(RUNS);
        String ofProject = " x join project p on p.id = x.project_id and p.slug = '" + slug + "'";
        await("all of it is in the history")
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(world.database()
                                .number("select (select count(*) from pipeline" + ofProject
                                        + " where x.state is not null)"
                                        + " + (select count(*) from workflow" + ofProject
                                        + " where x.status = 'success')"
                                        + " + (select count(*) from job" + ofProject
                                        + " where x.execution_stamp is not null)"))
                        .isEqualTo(RUNS * TASKS_A_RUN));
        long again = runs.stream()
                .flatMap(EnrichmentChaos::paths)
                .mapToLong(path -> circleCi.calls(path) - 1L)
                .peek(more -> assertThat(more).isBetween(0L, (long) KILLS))
                .sum();
        assertThat(again).as("asked again").isLessThanOrEqualTo(KILLS * CLAIMED);
        assertThat(circleCi.calls("/project/" + slug + "/pipeline"))
                .as("pages")
                .isBetween(RUNS / CLAIMED, RUNS / CLAIMED + KILLS);
        System.out.printf(
                "chaos: a backfill of %d tasks, %d kills, %d asked again%n", RUNS * TASKS_A_RUN, KILLS, again);
        scenario.conclude();
    }

    @Test
    @Tag("F34")
    void a_rejected_token_is_tried_once_and_said_while_webhooks_go_on() {
        // Given
        Scenario scenario = world.scenario("F34");
        if (!world.worker().running()) {
            world.worker().start();
        }
        circleCi.failNext(1, CircleCiStub.Failure.rejected());

        // When webhooks come, which there is much to ask about
        scenario.traffic(RATE);
        // Then one question is answered so, an instance that asks nothing itself says it, and there is no second one
        scenario.named(
                world.receiver(),
                status -> status.path("enrichment").path("state").asText().equals("paused")
                        && status.path("enrichment").path("problem").asText().equals("token rejected"));
        int calls = circleCi.totalCalls();
        scenario.run(Duration.ofSeconds(5));
        assertThat(circleCi.totalCalls()).isEqualTo(calls);
        assertThat(scenario.answers().statuses()).containsOnlyKeys(202);
        // and when the token is taken again, it goes on by itself
        scenario.cleared(world.receiver());
        scenario.conclude();
    }

    /** What a run is asked for with, each once. */
    private static Stream<String> paths(Run run) {
        return Stream.concat(
                Stream.of("/pipeline/" + run.id()),
                run.workflows().stream()
                        .flatMap(workflow -> Stream.concat(
                                Stream.of("/workflow/" + workflow.id()),
                                workflow.jobs().stream()
                                        .map(job -> "/project/%s/job/%d"
                                                .formatted(
                                                        run.project().slug(),
                                                        job.number().orElseThrow())))));
    }

    private long done(String id) {
        return world.database()
                .number("select count(*) from enrichment_task where state = 'done' and backfill_id = '" + id + "'");
    }

    private String state(String id) {
        return world.database()
                .rows("select state from backfill where id = '" + id + "'")
                .get(0)
                .get(0);
    }
}
