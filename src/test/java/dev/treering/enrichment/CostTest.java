package dev.treering.enrichment;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.TestStores;
import dev.treering.simulation.Delivery;
import dev.treering.simulation.Run;
import dev.treering.simulation.Scenarios;
import dev.treering.simulation.WebhookSender;
import dev.treering.simulation.Webhooks;
import io.restassured.RestAssured;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** What enrichment costs in calls; of fewer workflows than a thousand with {@code -Dcost.workflows=…}. */
@FlowTest
class CostTest {

    private static final int WORKFLOWS = Integer.getInteger("cost.workflows", 1_000);
    private static final int JOBS = 20;

    @Inject
    Database database;

    @Test
    void workflowsOfTwentyJobs_costFewMoreCallsThanTheyHaveJobs() throws InterruptedException {
        // Given
        Scenarios scenarios =
                new Scenarios(9, "cost" + UUID.randomUUID().toString().substring(0, 8));
        Instant start = Instant.now().minus(Duration.ofDays(30));
        List<Run> runs = LongStream.rangeClosed(1, WORKFLOWS)
                .mapToObj(n -> scenarios.wide(n, start.plus(Duration.ofMinutes(n)), JOBS))
                .toList();
        runs.forEach(TestStores.circleCi()::register);
        int before = TestStores.circleCi().totalCalls();
        long begin = System.nanoTime();
        // When
        URI door = URI.create("http://localhost:" + RestAssured.port + "/webhooks/circleci");
        try (WebhookSender sender = new WebhookSender(door, TestStores.SECRET)) {
            for (Run run : runs) {
                for (Delivery delivery : Webhooks.of(run)) {
                    sender.deliver(delivery);
                }
            }
        }
        String slug = scenarios.mono().slug();
        await().atMost(Duration.ofMinutes(5))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> database.count(
                                "select count(*) from enrichment_task where project_slug = ? and state = 'done'"
                                        + " and kind in ('job', 'workflow', 'pipeline')",
                                slug)
                        == WORKFLOWS * (JOBS + 2));
        // Then
        int calls = TestStores.circleCi().totalCalls() - before;
        System.out.printf(
                "cost: %d calls for %d workflows of %d jobs, %.3f of (jobs + 3) each, in %d s%n",
                calls,
                WORKFLOWS,
                JOBS,
                calls / (double) (WORKFLOWS * (JOBS + 3)),
                (System.nanoTime() - begin) / 1_000_000_000);
        assertThat(calls).isLessThanOrEqualTo((int) (1.10 * WORKFLOWS * (JOBS + 3)));
        await().atMost(Duration.ofMinutes(1))
                .untilAsserted(() -> assertThat(Truth.missing(database, runs)).isEmpty());
    }
}
