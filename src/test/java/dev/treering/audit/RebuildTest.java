package dev.treering.audit;

import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Payloads;
import dev.treering.Signed;
import dev.treering.TestStores;
import dev.treering.simulation.Run;
import dev.treering.simulation.Scenarios;
import dev.treering.simulation.Simulator;
import dev.treering.simulation.WebhookSender;
import io.restassured.RestAssured;
import io.restassured.specification.RequestSpecification;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;

/** The running service regrows its history; RegrowthTest looks at every row. */
@FlowTest
class RebuildTest {

    @Inject
    Database database;

    private final Scenarios scenarios =
            new Scenarios(51, "ring" + UUID.randomUUID().toString().substring(0, 8));
    private final Run run = scenarios.breaking(3, Instant.now().minus(Duration.ofDays(1)));
    private final UUID project = run.project().id();

    /** Another test may have asked for some in passing. */
    @BeforeEach
    void await_other_tasks() {
        await().atMost(Duration.ofSeconds(120))
                .until(() -> database.count("select count(*) from audit_task where state = 'running'") == 0);
    }

    private static RequestSpecification asked() {
        return given().header("Circle-Token", TestStores.TOKEN);
    }

    /** A hash over all rows of the project, from webhooks and from API v2. */
    private String rows() {
        return database.value("""
                select md5(string_agg(r, ' ' order by r)) from (
                    select t::text as r from project t where id = '%1$s' union all
                    select t::text from pipeline t where project_id = '%1$s' union all
                    select t::text from workflow t where project_id = '%1$s' union all
                    select t::text from job t where project_id = '%1$s' union all
                    select t::text from project_slug t where project_id = '%1$s') as rows""".formatted(project));
    }

    private void play() throws InterruptedException {
        URI door = URI.create("http://localhost:" + RestAssured.port + "/webhooks/circleci");
        try (Simulator simulator =
                new Simulator(TestStores.circleCi(), new WebhookSender(door, TestStores.SECRET), Clock.systemUTC())) {
            simulator.play(run);
        }
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
            assertThat(database.count(
                            "select count(*) from workflow where pipeline_id = ? and details_stamp is not null",
                            run.id()))
                    .isEqualTo(run.workflows().size());
            assertThat(database.count(
                            "select count(*) from enrichment_task where project_id = ? and state = 'pending'", project))
                    .isZero();
        });
        // A task is done when its answer is in Kafka; the history reads it a moment later.
        AtomicReference<String> seen = new AtomicReference<>();
        await().atMost(Duration.ofSeconds(30)).during(Duration.ofSeconds(2)).until(() -> {
            String now = rows();
            return now.equals(seen.getAndSet(now));
        });
    }

    private static byte[] webhook(UUID workflow) {
        return new String(Payloads.webhook("github-workflow-completed"), UTF_8)
                .replace("e4a7b2c9-4444-4b8f-8d6e-2c3e4f5a6b04", workflow.toString())
                .getBytes(UTF_8);
    }

    @Test
    void history_whose_upstream_is_gone_is_regrown_while_it_is_read_and_written() throws Exception {
        // Given
        play();
        String before = rows();
        assertThat(before).isNotNull();
        String table = database.value("select 'workflow'::regclass::oid");
        TestStores.circleCi().down(true);
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Long> reading = CompletableFuture.supplyAsync(() -> {
            long reads = 0;
            while (!over.get()) {
                asked().get("/api/v2/workflow/{id}/job", run.workflows().get(0).id())
                        .then()
                        .statusCode(200)
                        .body("items.size()", greaterThan(0));
                asked().get("/api/projects/" + run.project().slug() + "/insights")
                        .then()
                        .statusCode(200);
                reads++;
            }
            return reads;
        });
        UUID late = UUID.randomUUID();
        try {
            asked().post("/api/rebuilds?dry_run=true")
                    .then()
                    .statusCode(200)
                    .body("state", equalTo("planned"))
                    .body("plan.count", greaterThan(5))
                    .body("plan.note", containsString("dead letters"));

            // When, with what other tests put into the tables past the trail
            String id = asked().post("/api/rebuilds?untold=keep")
                    .then()
                    .statusCode(202)
                    .extract()
                    .path("id");
            Signed.post(webhook(late)).then().statusCode(202);
            await().atMost(Duration.ofSeconds(120))
                    .until(() ->
                            !asked().get("/api/tasks/{id}", id).path("state").equals("running"));

            // Then
            asked().get("/api/tasks/{id}", id)
                    .then()
                    .body("state", equalTo("done"))
                    .body("problem", equalTo(null));
            assertThat(database.value("select 'workflow'::regclass::oid")).isNotEqualTo(table);
            assertThat(rows()).isEqualTo(before);
            await().untilAsserted(() -> assertThat(database.count("select count(*) from workflow where id = ?", late))
                    .isOne());
            UUID later = UUID.randomUUID();
            Signed.post(webhook(later)).then().statusCode(202);
            await().untilAsserted(() -> assertThat(database.count("select count(*) from workflow where id = ?", later))
                    .isOne());
        } finally {
            over.set(true);
            TestStores.circleCi().down(false);
        }
        assertThat(reading.join()).as("reads, none of which failed").isGreaterThan(5);
    }

    @Test
    void one_that_would_lose_something_fails_and_says_what_to_do() {
        // Given
        UUID untold = UUID.randomUUID();
        database.change("insert into workflow (id, identity_stamp, name) values (?, '1', 'untold')", untold);
        try {
            // When
            String id = asked().post("/api/rebuilds")
                    .then()
                    .statusCode(202)
                    .extract()
                    .path("id");
            await().atMost(Duration.ofSeconds(120))
                    .until(() ->
                            !asked().get("/api/tasks/{id}", id).path("state").equals("running"));

            // Then
            asked().get("/api/tasks/{id}", id)
                    .then()
                    .body("state", equalTo("failed"))
                    .body("problem", containsString("untold=keep"));
            await().untilAsserted(() -> assertThat(
                            database.count("select count(*) from pg_namespace where nspname = 'public_regrown'"))
                    .isZero());
            asked().post("/api/rebuilds?untold=perhaps").then().statusCode(400);
        } finally {
            database.change("delete from workflow where id = ?", untold);
        }
    }
}
