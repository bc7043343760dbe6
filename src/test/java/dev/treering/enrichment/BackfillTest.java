package dev.treering.enrichment;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.LongStream;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.TestStores;
import dev.treering.simulation.CircleCiStub;
import dev.treering.simulation.Run;
import dev.treering.simulation.Scenarios;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import org.junit.jupiter.api.Test;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;

@FlowTest
class BackfillTest {

    @Inject
    Database database;

    private final CircleCiStub circleCi = TestStores.circleCi();
    private final Instant start = Instant.now().minus(Duration.ofDays(60)).truncatedTo(ChronoUnit.SECONDS);
    private final Scenarios scenarios =
            new Scenarios(7, "past" + UUID.randomUUID().toString().substring(0, 8));
    private final String slug = scenarios.web().slug();

    /** One run a day, the first sixty days ago. */
    private List<Run> registered(int count) {
        List<Run> runs = LongStream.rangeClosed(1, count)
                .mapToObj(n -> scenarios.green(n, start.plus(Duration.ofDays(n - 1))))
                .toList();
        runs.forEach(circleCi::register);
        return runs;
    }

    private ValidatableResponse start(Map<String, ?> span) {
        return given().header("Circle-Token", TestStores.TOKEN)
                .contentType(ContentType.JSON)
                .body(span)
                .post("/api/projects/" + slug + "/backfill")
                .then();
    }

    private ValidatableResponse status(String id) {
        return given().header("Circle-Token", TestStores.TOKEN)
                .get("/api/backfills/{id}", id)
                .then()
                .statusCode(200);
    }

    private void awaitState(String id, String state) {
        await().atMost(Duration.ofSeconds(90))
                .until(() -> state.equals(status(id).extract().path("state")));
    }

    /** What was asked for is done when its answer is in Kafka; the history reads it a moment later. */
    private void known(List<Run> runs) {
        await().untilAsserted(() -> assertThat(Truth.missing(database, runs)).isEmpty());
    }

    @Test
    void runsOfThePast_areFetchedDownToTheBeginningOfTheSpanAndOnce() {
        // Given
        List<Run> runs = registered(50);
        // When those from the eleventh to the forty-fifth are asked for
        String id = start(Map.of(
                        "since", start.plus(Duration.ofDays(10)).toString(),
                        "until", start.plus(Duration.ofDays(45)).toString()))
                .statusCode(202)
                .header("Location", startsWith("http"))
                .body("project_slug", equalTo(slug))
                .extract()
                .path("id");
        awaitState(id, "done");
        // Then
        known(runs.subList(10, 45));
        for (int outside : List.of(9, 45)) {
            assertThat(database.count(
                            "select count(*) from pipeline where id = ?",
                            runs.get(outside).id()))
                    .isZero();
        }
        status(id)
                .body("pipelines", equalTo(35))
                .body("progress", equalTo(1.0f))
                .body("pending", equalTo(0))
                .body("given_up", equalTo(0))
                .body("done", greaterThan(35))
                .body("per_second", greaterThan(0f));
        given().header("Circle-Token", TestStores.TOKEN)
                .get(
                        "/api/workflows/{id}/provenance",
                        runs.get(20).workflows().get(0).id())
                .then()
                .body("progress.source", equalTo("backfill"));
        // and when all are asked for, the known ones are not asked again
        int before = circleCi.calls("/pipeline/" + runs.get(20).id());
        String all = start(Map.of("since", start.minusSeconds(1).toString()))
                .extract()
                .path("id");
        awaitState(all, "done");
        known(runs);
        assertThat(circleCi.calls("/pipeline/" + runs.get(20).id())).isEqualTo(before);
    }

    @Test
    void afterACrash_itGoesOnFromItsCursor() {
        // Given a backfill whose first page was done when the process died: its row is all there is
        List<Run> runs = registered(30);
        String token = given().header("Circle-Token", circleCi.token())
                .get(circleCi.url() + "/project/" + slug + "/pipeline")
                .path("next_page_token");
        UUID id = UUID.randomUUID();
        // When
        database.change(
                "insert into backfill (id, project_id, project_slug, since, until, page_token)"
                        + " values (?, ?, ?, now() - interval '99 days', now(), ?)",
                id,
                scenarios.web().id(),
                slug,
                token);
        awaitState(id.toString(), "done");
        // Then only what is left was listed
        status(id.toString()).body("pipelines", equalTo(10));
        known(runs.subList(0, 10));
    }

    @Test
    void oneBadPipeline_doesNotStopTheRest() {
        // Given
        List<Run> runs = registered(25);
        circleCi.answer(
                "/pipeline/" + runs.get(3).id(),
                new CircleCiStub.Failure(200, Optional.empty(), "text/html", "<html>oops</html>"));
        // When
        String id = start(Map.of()).statusCode(202).extract().path("id");
        await().atMost(Duration.ofSeconds(90)).until(() -> {
            database.change(
                    "update enrichment_task set due_at = now() where backfill_id = ?::uuid and state = 'pending'", id);
            return "done".equals(status(id).extract().path("state"));
        });
        // Then
        status(id).body("given_up", equalTo(1));
        known(runs.subList(4, 25));
        assertThat(database.value(
                        "select last_error from enrichment_task where entity_id = ?",
                        runs.get(3).id()))
                .contains("cannot read");
    }

    private static String item(String id, Instant createdAt) {
        return "{\"id\": \"%s\", \"created_at\": \"%s\"}".formatted(id, createdAt);
    }

    /** A page of the list of pipelines. */
    private static CircleCiStub.Failure page(String next, String... items) {
        return new CircleCiStub.Failure(
                200,
                Optional.empty(),
                "application/json",
                "{\"items\": [%s], \"next_page_token\": %s}".formatted(String.join(",", items), next));
    }

    @Test
    void aListThatLeadsInACircle_endsAndThatIsSaid() {
        // Given two pages that name each other
        List<Run> runs = registered(2);
        String path = "/project/" + slug + "/pipeline";
        Run newer = runs.get(1);
        Run older = runs.get(0);
        circleCi.answer(path, page("\"b\"", item(newer.id().toString(), newer.createdAt())));
        circleCi.answer(path + "?page-token=b", page("\"a\"", item(older.id().toString(), older.createdAt())));
        // When
        String id = start(Map.of()).statusCode(202).extract().path("id");
        awaitState(id, "done");
        // Then
        status(id)
                .body("problem", containsString("page 3 goes no further back"))
                .body("pipelines", equalTo(3));
        assertThat(circleCi.calls(path)).isEqualTo(3);
        known(runs);
    }

    @Test
    void anOddPipelineInTheList_isLeftOutAndTheOthersAreThere() {
        List<Run> runs = registered(1);
        Run run = runs.get(0);
        circleCi.answer(
                "/project/" + slug + "/pipeline",
                page("null", item("odd", run.createdAt()), item(run.id().toString(), run.createdAt())));
        String id = start(Map.of()).statusCode(202).extract().path("id");
        awaitState(id, "done");
        status(id).body("pipelines", equalTo(1)).body("problem", nullValue());
        known(runs);
    }

    private String startedWhileNothingCanBeRead(String path) {
        circleCi.answer(path, new CircleCiStub.Failure(200, Optional.empty(), "text/html", "<html>oops</html>"));
        String id = start(Map.of()).statusCode(202).extract().path("id");
        await().untilAsserted(() -> status(id).body("problem", containsString("cannot read")));
        status(id).body("state", equalTo("running"));
        return id;
    }

    @Test
    void aListThatCannotBeReadNow_isTriedAgainLater() {
        List<Run> runs = registered(1);
        String path = "/project/" + slug + "/pipeline";
        String id = startedWhileNothingCanBeRead(path);
        circleCi.answerRightly(path);
        awaitState(id, "done");
        status(id).body("problem", nullValue());
        known(runs);
    }

    @Test
    void aListThatCannotBeReadTenTimes_failsItWithTheReason() {
        registered(1);
        String id = startedWhileNothingCanBeRead("/project/" + slug + "/pipeline");
        database.change("update backfill set in_vain = 9, due_at = now() where id = ?::uuid", id);
        awaitState(id, "failed");
        status(id).body("problem", containsString("cannot read"));
    }

    @Test
    void onItsWay_itSaysHowFarItIsAndHowLongItWillTake() {
        // Given a backfill of a hundred seconds, half of its span listed, and of a hundred known tasks 25 answered
        UUID id = UUID.randomUUID();
        database.change("""
                insert into backfill (id, project_slug, since, until, oldest, started_at, due_at)
                select ?, ?, t - interval '20 days', t, t - interval '10 days', t - interval '100 s', 'infinity'
                from now() as t""", id, slug);
        database.change("""
                insert into enrichment_task (kind, entity_id, project_id, state, named_at, due_at, source, priority, backfill_id)
                select 'job', gen_random_uuid(), ?, case when n <= 25 then 'done' else 'pending' end, now(), 'infinity',
                    'backfill', 2, ? from generate_series(1, 100) as n""", id, id);
        // Then there are about two hundred, of which 175 remain at four seconds each
        status(id.toString())
                .body("state", equalTo("running"))
                .body("progress", equalTo(0.125f))
                .body("done", equalTo(25))
                .body("pending", equalTo(75))
                .body("per_second", equalTo(0.25f))
                .body("eta_seconds", allOf(greaterThanOrEqualTo(700), lessThan(740)));
        // and when the list was read to its end, it knows
        database.change("update backfill set listed = true where id = ?", id);
        status(id.toString())
                .body("progress", equalTo(0.25f))
                .body("eta_seconds", allOf(greaterThanOrEqualTo(300), lessThan(330)));
        given().header("Circle-Token", TestStores.TOKEN).delete("/api/backfills/{id}", id);
    }

    @Test
    void cancelled_itForgetsWhatWasNotAskedYet() {
        // Given a CircleCI that does not answer
        registered(25);
        circleCi.down(true);
        try {
            String id = start(Map.of()).extract().path("id");
            start(Map.of()).statusCode(409).body("detail", containsString(id));
            // When
            given().header("Circle-Token", TestStores.TOKEN)
                    .delete("/api/backfills/{id}", id)
                    .then()
                    .statusCode(200)
                    .body("state", equalTo("cancelled"))
                    .body("pending", equalTo(0));
        } finally {
            circleCi.down(false);
        }
        // Then another may start
        String next = start(Map.of()).statusCode(202).extract().path("id");
        awaitState(next, "done");
    }

    @Test
    void aProjectThatCircleCiDoesNotShow_failsAndSaysSo() {
        String unknown = "gh/acme/none-" + UUID.randomUUID();
        String id = given().header("Circle-Token", TestStores.TOKEN)
                .contentType(ContentType.JSON)
                .body("{}")
                .post("/api/projects/" + unknown + "/backfill")
                .then()
                .statusCode(202)
                .extract()
                .path("id");
        awaitState(id, "failed");
        status(id).body("problem", containsString(unknown));
    }

    @Test
    void aWrongSpan_isRefusedWithWhatToSend() {
        start(Map.of("since", "yesterday")).statusCode(400).body("detail", containsString("RFC 3339"));
        start(Map.of("since", "2026-11-20T00:00:00Z", "until", "2026-11-19T00:00:00Z"))
                .statusCode(400)
                .body("detail", containsString("before"));
        given().header("Circle-Token", TestStores.TOKEN)
                .get("/api/backfills/{id}", UUID.randomUUID())
                .then()
                .statusCode(404);
        given().get("/api/backfills/{id}", UUID.randomUUID()).then().statusCode(401);
    }
}
