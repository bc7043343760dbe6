package dev.treering.history;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import javax.sql.DataSource;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Records;
import dev.treering.TestStores;
import dev.treering.event.CloudEvent;
import dev.treering.event.Topics;
import dev.treering.history.HistoryWriter.Judged;
import dev.treering.history.Unfoldable.Reason;
import dev.treering.support.Rows;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;

/** Facts that another version parked, told by hand on a partition that the broker does not have. */
@FlowTest
class DeadLettersTest {

    private static final long NOON = 1_795_521_600_000L;

    @Inject
    HistoryWriter writer;

    @Inject
    Database database;

    @Inject
    DataSource connections;

    @ConfigProperty(name = "kafka.bootstrap.servers")
    String kafka;

    private final UUID project = UUID.randomUUID();
    private final int partition = ThreadLocalRandom.current().nextInt(5_000, 1_000_000_000);
    private int offset;

    /** Another test may have asked for some in passing. */
    @BeforeEach
    void await_other_tasks() {
        await().atMost(Duration.ofSeconds(60))
                .until(() -> database.count("select count(*) from audit_task where state = 'running'") == 0);
    }

    /** A workflow's end, or whatever else the type says. */
    private Fact fact(UUID event, UUID workflow, String type) {
        byte[] body =
                """
                {"type": "%s", "id": "%s", "happened_at": "2026-11-20T10:05:00Z", "of_a_later_version": {"deep": [1]},
                 "project": {"id": "%s", "name": "web", "slug": "github/acme/web", "colour": "green"},
                 "organization": {"id": "9f6b2c1a-0000-4000-8000-000000000002", "name": "acme"},
                 "workflow": {"id": "%s", "name": "build", "status": "success", "created_at": "2026-11-20T10:00:00Z",
                   "stopped_at": "2026-11-20T10:05:00Z", "url": "https://app.circleci.com/w", "mood": null},
                 "pipeline": {"id": "%s", "number": 7, "created_at": "2026-11-20T10:00:00Z"}}""".formatted(type, event, project, workflow, UUID.randomUUID()).getBytes(UTF_8);
        return again(event, body);
    }

    private Fact again(UUID event, byte[] body) {
        RecordHeaders headers = new RecordHeaders();
        headers.add(CloudEvent.ID, event.toString().getBytes(UTF_8));
        headers.add(CloudEvent.TYPE, "com.circleci.test".getBytes(UTF_8));
        return Fact.of(new ConsumerRecord<>(
                Topics.WEBHOOKS,
                partition,
                offset++,
                NOON,
                TimestampType.LOG_APPEND_TIME,
                0,
                body.length,
                project.toString().getBytes(UTF_8),
                body,
                headers,
                Optional.empty()));
    }

    /** As a version would that does not know the type. */
    private void park(List<Fact> facts) throws SQLException {
        Rows.inTransaction(
                connections,
                connection -> writer.write(
                        connection,
                        facts.stream()
                                .map(fact -> new Judged(
                                        fact, null, new Unfoldable(Reason.UNRECOGNISED, "not known to this version")))
                                .toList()));
    }

    private static RequestSpecification asked() {
        return given().header("Circle-Token", TestStores.TOKEN).contentType(ContentType.JSON);
    }

    private String letter(Fact fact) {
        return database.value(
                "select id from dead_letter where partition = ? and \"offset\" = ?", partition, fact.offset());
    }

    private String resolution(Fact fact) {
        return database.value(
                "select coalesce(resolution, 'waits, ' || reason) from dead_letter where partition = ? and \"offset\" = ?",
                partition,
                fact.offset());
    }

    private long workflows(UUID... ids) {
        long found = 0;
        for (UUID id : ids) {
            found += database.count("select count(*) from workflow where id = ? and status = 'success'", id);
        }
        return found;
    }

    static ValidatableResponse awaitEnd(String task) {
        await().atMost(Duration.ofSeconds(60))
                .until(() -> !asked().get("/api/tasks/{id}", task).path("state").equals("running"));
        return asked().get("/api/tasks/{id}", task).then();
    }

    private static void redriveAndWait(String path) {
        awaitEnd(asked().post(path)
                        .then()
                        .statusCode(202)
                        .header("Location", containsString("/api/tasks/"))
                        .extract()
                        .path("id"))
                .body("state", equalTo("done"))
                .body("finished_at", notNullValue());
    }

    @Test
    @Tag("F49")
    @Tag("F14")
    void facts_that_an_older_version_parked_are_applied_by_one_that_knows_them() throws SQLException {
        // Given four that this version can read, one of them twice, and one that it cannot read either
        UUID first = UUID.randomUUID();
        UUID second = UUID.randomUUID();
        Fact one = fact(UUID.randomUUID(), first, "workflow-completed");
        Fact copy = again(UUID.fromString(one.eventId()), one.body());
        Fact other = fact(UUID.randomUUID(), second, "workflow-completed");
        Fact unknown = fact(UUID.randomUUID(), UUID.randomUUID(), "deployment-completed");
        List<Fact> all = List.of(one, copy, other, unknown);
        park(all);
        assertThat(workflows(first, second)).isZero();
        asked().get("/api/dead-letters")
                .then()
                .body("groups.find { it.reason == 'unrecognised' }.waiting", greaterThanOrEqualTo(4))
                .body("groups.find { it.reason == 'unrecognised' }.last_seen", notNullValue());
        asked().get("/api/dead-letters?reason=unrecognised").then().body("items.id", hasItem(letter(one)));
        asked().get("/api/dead-letters/{id}", letter(one))
                .then()
                .body("text", equalTo(new String(one.body(), UTF_8)))
                .body("detail", equalTo("not known to this version"))
                .body("key", equalTo(project.toString()));

        // When
        asked().post("/api/dead-letters/redrive?reason=unrecognised&dry_run=true")
                .then()
                .statusCode(200)
                .body("state", equalTo("planned"))
                .body("plan.count", greaterThanOrEqualTo(4))
                .body("plan.oldest", notNullValue());
        assertThat(workflows(first, second)).isZero();
        redriveAndWait("/api/dead-letters/redrive?reason=unrecognised");

        // Then
        assertThat(workflows(first, second)).isEqualTo(2);
        assertThat(all.stream().map(this::resolution).toList())
                .containsExactlyInAnyOrder("redriven", "duplicate", "redriven", "waits, unrecognised");
        assertThat(database.value(
                        "select detail from dead_letter where id = ?::uuid and tried_at is not null", letter(unknown)))
                .contains("deployment-completed");
        assertThat(database.count("select count(*) from seen_event where event_id = ?", one.eventId()))
                .isOne();
        // and the trail says what it said
        assertThat(database.value(
                        "select count(*) || ' ' || min(outcome) || ' ' || max(outcome) from trail where partition = ?",
                        partition))
                .isEqualTo("4 dead dead");
        assertThat(database.map(
                        "select outcome, facts from project_tally where facts > 0 and key = '%s'".formatted(project)))
                .isEqualTo(Map.of("applied", "2", "duplicate", "1", "dead", "1"));
        // and others are told, once
        assertThat(Records.read(kafka, Topics.EVENTS, project, 2))
                .extracting(record -> Records.header(record, "ce_subject"))
                .containsExactlyInAnyOrder(first.toString(), second.toString());
        asked().get("/api/dead-letters/{id}", letter(one))
                .then()
                .body("resolved_by", notNullValue())
                .body("resolved_at", notNullValue());
    }

    @Test
    @Tag("F21")
    void one_that_is_refused_again_waits_on_with_its_new_reason_and_holds_up_nobody() throws SQLException {
        // Given
        UUID poisoned = UUID.randomUUID();
        List<UUID> sound = List.of(UUID.randomUUID(), UUID.randomUUID(), UUID.randomUUID());
        List<Fact> facts = new ArrayList<>();
        for (UUID id : List.of(sound.get(0), poisoned, sound.get(1), sound.get(2))) {
            facts.add(fact(UUID.randomUUID(), id, "workflow-completed"));
        }
        park(facts);
        Database.force(
                "alter table workflow add constraint unforeseen check (id <> '%s') not valid".formatted(poisoned));
        try {
            // When
            redriveAndWait("/api/dead-letters/redrive");
            // Then
            assertThat(workflows(sound.toArray(UUID[]::new))).isEqualTo(3);
            assertThat(resolution(facts.get(1))).isEqualTo("waits, refused");
        } finally {
            Database.force("alter table workflow drop constraint unforeseen");
        }
        // and when the reason is gone
        redriveAndWait("/api/dead-letters/" + letter(facts.get(1)) + "/redrive");
        assertThat(resolution(facts.get(1))).isEqualTo("redriven");
        assertThat(workflows(poisoned)).isOne();
    }

    @Test
    void one_that_was_discarded_stays_away_and_is_known_for_why() throws SQLException {
        // Given
        UUID unwanted = UUID.randomUUID();
        Fact fact = fact(UUID.randomUUID(), unwanted, "workflow-completed");
        park(List.of(fact));
        String path = "/api/dead-letters/" + letter(fact);
        asked().body("{}").post(path + "/discard").then().statusCode(400).body("detail", containsString("note"));

        // When
        asked().body("{\"note\": \"a test of ours\"}")
                .post(path + "/discard")
                .then()
                .statusCode(200)
                .body("discarded", equalTo(1));

        // Then
        asked().get(path)
                .then()
                .body("resolution", equalTo("discarded"))
                .body("note", equalTo("a test of ours"))
                .body("resolved_by", notNullValue());
        asked().get("/api/dead-letters?reason=unrecognised").then().body("items.id", not(hasItem(letter(fact))));
        asked().post(path + "/redrive").then().statusCode(409);
        redriveAndWait("/api/dead-letters/redrive");
        assertThat(workflows(unwanted)).isZero();
    }

    @Test
    void a_task_that_its_worker_left_behind_is_done_by_another() throws SQLException {
        // Given all that is left of a worker that died amid it
        UUID workflow = UUID.randomUUID();
        Fact fact = fact(UUID.randomUUID(), workflow, "workflow-completed");
        park(List.of(fact));
        UUID task = UUID.randomUUID();
        // When
        database.change("""
                insert into audit_task (id, kind, parameters, plan, run, cursor, done, total, started_by)
                values (?, 'redrive', jsonb_build_object('dead_letter', ?), '{"count": 4}', gen_random_uuid(), 'x', 3, 4, 'test')""", task, letter(fact));
        // Then
        awaitEnd(task.toString()).body("state", equalTo("done")).body("done", equalTo(4));
        assertThat(workflows(workflow)).isOne();
    }

    @Test
    void a_task_that_is_cancelled_does_nothing_more() throws SQLException {
        // Given one that somebody else's lock holds up
        UUID workflow = UUID.randomUUID();
        Fact fact = fact(UUID.randomUUID(), workflow, "workflow-completed");
        park(List.of(fact));
        try (var connection = connections.getConnection();
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("select from dead_letter where id = '%s' for update".formatted(letter(fact)));
            String id = asked().post("/api/dead-letters/" + letter(fact) + "/redrive")
                    .path("id");
            await().until(() -> database.count("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                            + " and query like '%dead_letter d where%'")
                    > 0);
            asked().post("/api/dead-letters/redrive").then().statusCode(409).body("detail", containsString(id));

            // When
            asked().delete("/api/tasks/{id}", id).then().statusCode(200).body("state", equalTo("cancelled"));
            connection.rollback();

            // Then its last step is undone, and the next one goes on
            await().until(() -> database.count("select count(*) from audit_task where run is not null") == 0);
            assertThat(resolution(fact)).isEqualTo("waits, unrecognised");
            assertThat(workflows(workflow)).isZero();
        }
        redriveAndWait("/api/dead-letters/redrive");
        assertThat(workflows(workflow)).isOne();
    }

    @Test
    void events_of_a_span_are_published_again_and_marked() throws SQLException {
        // Given
        Fact fact = fact(UUID.randomUUID(), UUID.randomUUID(), "workflow-completed");
        writer.record(List.of(fact));
        Records.read(kafka, Topics.EVENTS, project, 1);
        String span = """
                {"from": "2026-11-24T11:00:00Z", "to": "2026-11-24T13:00:00Z", "project": "%s"}""".formatted(project);
        asked().body(span)
                .post("/api/events/republications?dry_run=true")
                .then()
                .statusCode(200)
                .body("plan.count", equalTo(1));

        // When
        awaitEnd(asked().body(span)
                        .post("/api/events/republications")
                        .then()
                        .statusCode(202)
                        .extract()
                        .path("id"))
                .body("state", equalTo("done"))
                .body("done", equalTo(1));

        // Then
        List<ConsumerRecord<String, String>> events = Records.read(kafka, Topics.EVENTS, project, 2);
        assertThat(events)
                .extracting(record -> Records.header(record, CloudEvent.REPUBLISHED))
                .containsExactly(null, "true");
        assertThat(Records.header(events.get(1), CloudEvent.ID))
                .isEqualTo(Records.header(events.get(0), CloudEvent.ID));
        assertThat(events.get(1).value()).isEqualTo(events.get(0).value());
        asked().body("{\"from\": \"2026-11-24\", \"to\": \"2026-11-23\"}")
                .post("/api/events/republications")
                .then()
                .statusCode(400)
                .body("detail", containsString("before"));
        asked().body("{}").post("/api/events/republications").then().statusCode(400);
    }
}
