package dev.treering.enrichment;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** CircleCI was away, and a hundred thousand things wait to be asked. */
@FlowTest
class OutageTest {

    private static final int TASKS = 100_000;
    private static final int LIMIT = 100;

    @Inject
    Database database;

    private final CircleCiStub circleCi = TestStores.circleCi();
    private final String organization = "out" + UUID.randomUUID().toString().substring(0, 8);
    private final String slug = "gh/%s/web".formatted(organization);

    @AfterEach
    void restore() {
        circleCi.down(false);
        circleCi.unlimited();
        database.change("delete from enrichment_task where project_slug = ?", slug);
    }

    private long settled() {
        return database.count(
                "select count(*) from enrichment_task where project_slug = ? and state <> 'pending'", slug);
    }

    @Tag("F40")
    @Test
    void aBacklog_isAskedNewestFirstUnderTheLimitAndAfterWhatHappensNow() throws InterruptedException {
        // Given jobs that nobody could be asked for while CircleCI was down
        circleCi.down(true);
        database.change("""
                insert into enrichment_task (kind, entity_id, project_id, project_slug, job_number, named_at, source, priority)
                select 'job', gen_random_uuid(), gen_random_uuid(), ?, n, now() - interval '1 day' + n * interval '1 ms',
                    'reconcile', 1 from generate_series(1, ?) as n""", slug, TASKS);
        int before = circleCi.totalCalls();
        await().until(() -> circleCi.totalCalls() - before >= 6);
        // Then the breaker lets one call through now and then, and not a hundred thousand
        assertThat(circleCi.totalCalls() - before).isLessThan(20);
        assertThat(settled()).isZero();

        // When it is back, with a limit
        int forbidden = circleCi.forbiddenCalls();
        circleCi.limit(LIMIT, Duration.ofSeconds(1));
        circleCi.down(false);
        int back = circleCi.totalCalls();
        Instant begin = Instant.now();
        await().atMost(Duration.ofMinutes(1)).until(() -> settled() >= 5 * LIMIT);
        // and something happens
        Run run = new Scenarios(5, organization).green(1, Instant.now().minusSeconds(900));
        circleCi.register(run);
        URI door = URI.create("http://localhost:" + RestAssured.port + "/webhooks/circleci");
        try (WebhookSender sender = new WebhookSender(door, TestStores.SECRET)) {
            for (Delivery delivery : Webhooks.of(run)) {
                sender.deliver(delivery);
            }
        }
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(database.count(
                                "select count(*) from job where pipeline_id = ? and execution_stamp is not null",
                                run.id()))
                        .isPositive());

        // Then
        long seconds = Duration.between(begin, Instant.now()).toSeconds() + 2;
        assertThat(circleCi.totalCalls() - back).isLessThanOrEqualTo((int) (LIMIT * seconds));
        assertThat(circleCi.forbiddenCalls()).isEqualTo(forbidden);
        assertThat(settled()).isLessThan(TASKS / 2);
        assertThat(database.count("""
                        select count(*) from enrichment_task old where project_slug = ? and kind = 'job' and source = 'reconcile'
                            and state <> 'pending' and job_number < (
                                select max(job_number) from enrichment_task where project_slug = ? and source = 'reconcile'
                                    and state = 'pending' and (leased_until is null or leased_until < now()))""", slug, slug))
                .as("older ones that were asked before newer ones")
                .isZero();
    }
}
