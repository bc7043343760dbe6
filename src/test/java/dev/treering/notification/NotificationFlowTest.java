package dev.treering.notification;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.sql.DataSource;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Signed;
import dev.treering.TestStores;
import dev.treering.event.Change;
import dev.treering.event.CloudEvent;
import dev.treering.event.Outcome;
import dev.treering.event.Topics;
import dev.treering.event.Transition;
import dev.treering.support.Json;
import io.micrometer.core.instrument.MeterRegistry;
import io.restassured.path.json.JsonPath;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.core.ThrowingRunnable;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;

@FlowTest
class NotificationFlowTest {

    @Inject
    Database database;

    @Inject
    DataSource stores;

    @Inject
    KafkaClientService clients;

    @Inject
    Rules rules;

    @Inject
    Deliveries queue;

    @Inject
    NotificationConfig config;

    @Inject
    MeterRegistry meters;

    @ConfigProperty(name = "kafka.bootstrap.servers")
    String kafka;

    private final UUID project = UUID.randomUUID();
    private final String slug = "acme/" + project.toString().substring(0, 8);
    private final Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    private UUID channel;
    private int number;

    @BeforeEach
    void add_channel() {
        channel = channel();
    }

    private UUID channel() {
        UUID id = UUID.randomUUID();
        database.change(
                "insert into notification_channel (id, name, kind, target, created_by, free_at) values (?, ?, 'webhook', '', 'test', 'infinity')",
                id,
                id.toString());
        return id;
    }

    @AfterEach
    void take_all_away() {
        database.change("delete from notification_rule where document ->> 'created_by' <> 'treering'");
        database.change("delete from notification_silence");
        database.change("delete from notification_delivery");
        database.change("delete from notification_channel");
        for (String table : List.of("workflow", "pipeline")) {
            database.change(
                    "delete from %s t using project r where r.id = t.project_id and r.slug = ?".formatted(table),
                    flood());
        }
        database.change("delete from project where slug = ?", flood());
    }

    private String flood() {
        return "gh/" + slug + "-flood";
    }

    /** Runs that fail at once, each of its own pipeline; of the newest of them, as many events. */
    private List<Change> failures(int projects, int pipelines, String branch, int events) {
        database.change("""
                insert into project (id, identity_stamp, slug, name)
                select gen_random_uuid(), '1', ?, 'web' from generate_series(1, ?)""", flood(), projects);
        database.change("""
                insert into pipeline (id, identity_stamp, project_id, number, created_at, ref_stamp, branch)
                select gen_random_uuid(), '1', r.id, n, ?::timestamptz - n * interval '1 s', '1', %s
                from project r cross join generate_series(1, ?) n where r.slug = ?""".formatted(branch), now.toString(), pipelines, flood());
        database.change("""
                insert into workflow (id, identity_stamp, project_id, pipeline_id, name, created_at, progress_stamp, status,
                    stopped_at)
                select gen_random_uuid(), '1', p.project_id, p.id, 'build', p.created_at, '1', 'failed', ?::timestamptz
                from pipeline p join project r on r.id = p.project_id where r.slug = ?""", now.toString(), flood());
        List<Change> changes = new ArrayList<>();
        database.map("""
                        select w.id, p.id || ' ' || p.project_id from workflow w join pipeline p on p.id = w.pipeline_id
                            join project r on r.id = p.project_id where r.slug = '%s'
                        order by p.created_at desc limit %d""".formatted(flood(), events))
                .forEach((id, of) -> changes.add(change(
                        UUID.fromString(id), UUID.fromString(of.substring(37)), UUID.fromString(of.substring(0, 36)))));
        return changes;
    }

    private static RequestSpecification asked() {
        return given().header("Circle-Token", TestStores.TOKEN).contentType("application/json");
    }

    /** A rule for this test's project alone. */
    private UUID rule(String kind, String more) {
        String name = kind + " " + UUID.randomUUID();
        return UUID.fromString(asked().body("""
                        {"name": "%s", "kind": "%s", "project": "gh/%s*", "channels": ["%s"] %s}""".formatted(name, kind, slug, channel, more))
                .post("/api/notifications/rules")
                .then()
                .statusCode(201)
                .extract()
                .path("id"));
    }

    /** A run that ended so many minutes ago is told of by a webhook. */
    private UUID run(UUID pipeline, String workflow, String branch, String status, int minutesAgo) {
        UUID id = UUID.randomUUID();
        Instant stopped = now.minus(Duration.ofMinutes(minutesAgo));
        Signed.post(body(pipeline, id, workflow, branch, status, stopped, ++number))
                .then()
                .statusCode(202);
        return id;
    }

    private UUID run(String status, int minutesAgo) {
        UUID id = run(UUID.randomUUID(), "build", "topic", status, minutesAgo);
        await().until(() -> database.count("select count(*) from workflow where id = ?", id) == 1);
        return id;
    }

    private byte[] body(
            UUID pipeline,
            UUID id,
            String workflow,
            String branch,
            String status,
            Instant stopped,
            int pipelineNumber) {
        return """
                {"type": "workflow-completed", "id": "%s", "happened_at": "%s",
                 "webhook": {"id": "9f6b2c1a-0000-4000-8000-000000000001", "name": "test"},
                 "project": {"id": "%s", "name": "web", "slug": "github/%s"},
                 "organization": {"id": "9f6b2c1a-0000-4000-8000-000000000002", "name": "acme"},
                 "workflow": {"id": "%s", "name": "%s", "status": "%s", "created_at": "%s", "stopped_at": "%s",
                   "url": "https://app.circleci.com/w"},
                 "pipeline": {"id": "%s", "number": %d, "created_at": "%s", "trigger": {"type": "webhook"},
                   "vcs": {"provider_name": "github", "revision": "a5e30a908224e46626a796d058289475f6d387b5",
                     "branch": "%s", "commit": {"subject": "Mend <!channel>", "body": "", "author": {"name": "Dana"}}}}}""".formatted(
                        UUID.randomUUID(),
                        stopped,
                        project,
                        slug,
                        id,
                        workflow,
                        status,
                        stopped.minusSeconds(60),
                        stopped,
                        pipeline,
                        pipelineNumber,
                        stopped.minusSeconds(70),
                        branch)
                .getBytes(UTF_8);
    }

    private void eventually(ThrowingRunnable holds) {
        await().atMost(Duration.ofSeconds(20)).untilAsserted(holds);
    }

    private List<JsonPath> deliveries() {
        return deliveries(channel);
    }

    private List<JsonPath> deliveries(UUID to) {
        List<JsonPath> messages = new ArrayList<>();
        try (Connection connection = stores.getConnection();
                PreparedStatement statement = connection.prepareStatement(
                        "select message::text from notification_delivery where channel_id = ? order by created_at")) {
            statement.setObject(1, to);
            var row = statement.executeQuery();
            while (row.next()) {
                messages.add(JsonPath.from(row.getString(1)));
            }
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
        return messages;
    }

    private ValidatableResponse why(UUID workflow) {
        return asked().get("/api/workflows/{id}/notifications", workflow).then().statusCode(200);
    }

    private String reason(UUID workflow, UUID rule) {
        return why(workflow).extract().path("items.find { it.rule_id == '%s' }.reason".formatted(rule));
    }

    @Test
    void breakAndRecovery_areToldOnceEach_withWhatTheHistoryKnows() {
        // Given
        UUID started = rule("started_failing", "");
        UUID recovered = rule("recovered", "");
        UUID still = rule("still_failing", ", \"every\": 2");
        run("success", 40);
        UUID other = rule("started_failing", ", \"branch\": \"main\"");

        // When
        UUID broke = run("failed", 30);

        // Then
        eventually(() -> assertThat(deliveries()).hasSize(1));
        JsonPath told = deliveries().get(0);
        assertThat(told.getString("kind")).isEqualTo("STARTED_FAILING");
        assertThat(told.getString("workflow_id")).isEqualTo(broke.toString());
        assertThat(told.getString("project_slug")).isEqualTo("gh/" + slug);
        assertThat(told.getString("branch")).isEqualTo("topic");
        assertThat(told.getString("commit_subject")).isEqualTo("Mend <!channel>");
        assertThat(told.getString("author")).isEqualTo("Dana");
        assertThat(told.getString("workflow_url")).isEqualTo("https://app.circleci.com/w");
        assertThat(told.getInt("failures_in_a_row")).isOne();
        assertThat(told.getInt("duration_seconds")).isEqualTo(60);
        assertThat(told.getInt("usual_seconds")).isEqualTo(60);
        assertThat(told.getInt("pipeline_number")).isEqualTo(2);
        // and who asks why is told
        assertThat(reason(broke, started)).isEqualTo("told");
        assertThat(reason(broke, recovered)).isEqualTo("transition");
        assertThat(reason(broke, other)).isEqualTo("pattern");
        why(broke)
                .body("items.find { it.rule_id == '%s' }.detail".formatted(other), containsString("'topic'"))
                .body(
                        "items.find { it.rule_id == '%s' }.delivery_id".formatted(started),
                        equalTo(database.value("select id from notification_delivery where channel_id = ?", channel)));

        // When
        UUID second = run("failed", 20);

        // Then
        eventually(() -> assertThat(deliveries()).hasSize(2));
        assertThat(deliveries().get(1).getString("kind")).isEqualTo("STILL_FAILING");
        assertThat(deliveries().get(1).getInt("failures_in_a_row")).isEqualTo(2);
        assertThat(reason(second, started)).isEqualTo("transition");
        assertThat(reason(second, still)).isEqualTo("told");

        // When it fails a third time, and then passes
        UUID third = run("failed", 15);
        eventually(() -> assertThat(reason(third, still)).isEqualTo("count"));
        UUID mended = run("success", 10);

        // Then
        eventually(() -> assertThat(deliveries()).hasSize(3));
        assertThat(deliveries().get(2).getString("kind")).isEqualTo("RECOVERED");
        assertThat(deliveries().get(2).getInt("broken_seconds")).isEqualTo(20 * 60);
        assertThat(deliveries().get(2).getInt("failures_in_a_row")).isEqualTo(3);
        assertThat(reason(mended, recovered)).isEqualTo("told");
        // and the last days look the same from the history
        preview(started, "1d").body("messages", equalTo(1)).body("items.workflow_id", hasItem(broke.toString()));
        preview(still, "7d").body("messages", equalTo(1)).body("left.count", equalTo(1));
        preview(recovered, "12h").body("runs", equalTo(1)).body("items[0].broken_seconds", equalTo(20 * 60));
        preview(other, "7d").body("runs", equalTo(0)).body("complete", equalTo(true));
    }

    private ValidatableResponse preview(UUID rule, String since) {
        return asked().get("/api/notifications/rules/{id}/preview?since={since}", rule, since)
                .then()
                .statusCode(200);
    }

    @Test
    void defaultRules_tellOfTheDefaultBranchAlone() {
        // When
        UUID pipeline = UUID.randomUUID();
        UUID onMain = run(pipeline, "build", "main", "failed", 1);
        UUID onTopic = run(UUID.randomUUID(), "build", "topic", "failed", 1);

        // Then
        eventually(() -> assertThat(deliveries()).hasSize(1));
        assertThat(deliveries().get(0).getString("workflow_id")).isEqualTo(onMain.toString());
        eventually(() -> why(onTopic).body("items.reason", equalTo(List.of("pattern", "pattern", "pattern"))));
    }

    @Test
    void newsOfOnePipeline_areOneMessage_andAnotherRuleForTheSameAddsNone() {
        // Given
        UUID first = rule("started_failing", "");
        UUID second = rule("started_failing", ", \"workflow\": \"deploy\"");
        UUID pipeline = UUID.randomUUID();

        // When
        UUID build = run(pipeline, "build", "topic", "failed", 1);
        UUID deploy = run(pipeline, "deploy", "topic", "error", 1);

        // Then
        eventually(() -> assertThat(reason(deploy, second)).isEqualTo("grouped"));
        assertThat(reason(build, first)).isEqualTo("grouped");
        assertThat(reason(deploy, first)).isEqualTo("grouped");
        assertThat(deliveries()).hasSize(1);
        JsonPath told = deliveries().get(0);
        assertThat(told.getString("kind")).isEqualTo("SUMMARY");
        assertThat(told.getString("pipeline_id")).isEqualTo(pipeline.toString());
        assertThat(told.getList("others.workflow_name")).containsExactlyInAnyOrder("build", "deploy");
        assertThat(told.getInt("more")).isZero();
    }

    @Test
    void silencedRun_isNotTold_andSaysWhoWantedThat() {
        // Given
        UUID rule = rule("started_failing", "");
        String silence = asked().body("""
                        {"project": "gh/%s", "branch": "top*", "reason": "we know", "ends_at": "%s"}""".formatted(slug, now.plusSeconds(3600)))
                .post("/api/notifications/silences")
                .then()
                .statusCode(201)
                .body("author", equalTo("bootstrap"))
                .extract()
                .path("id");

        // When
        UUID silenced = run("failed", 5);

        // Then
        eventually(() -> assertThat(reason(silenced, rule)).isEqualTo("silenced"));
        why(silenced).body("items.detail", hasItem(containsString("we know")));
        assertThat(deliveries()).isEmpty();

        // When it has ended
        asked().delete("/api/notifications/silences/{id}", silence).then().statusCode(204);
        asked().delete("/api/notifications/silences/{id}", silence).then().statusCode(404);
        asked().get("/api/notifications/silences").then().body("items.id", hasItem(silence));
        UUID heard = run(UUID.randomUUID(), "deploy", "topic", "failed", 4);

        // Then
        eventually(() -> assertThat(reason(heard, rule)).isEqualTo("told"));
    }

    @Test
    void oldRun_andRunThatANewerOneOvertook_areNotTold() {
        // Given
        UUID rule = rule("started_failing", "");

        // When
        UUID old = run("failed", 61);
        UUID overtaken = run(UUID.randomUUID(), "deploy", "topic", "failed", 10);
        run(UUID.randomUUID(), "deploy", "topic", "success", 5);

        // Then
        eventually(() -> assertThat(reason(overtaken, rule)).isEqualTo("overtaken"));
        eventually(() -> assertThat(reason(old, rule)).isEqualTo("old"));
        assertThat(deliveries()).isEmpty();
    }

    @Test
    void runOnHold_isToldOnceItHasWaited() {
        // Given
        UUID atOnce = rule("needs_approval", "");
        UUID later = rule("needs_approval", ", \"after_seconds\": 3600");

        // When
        UUID waiting = run("on_hold", 5);

        // Then
        eventually(() -> assertThat(deliveries()).hasSize(1));
        assertThat(deliveries().get(0).getString("kind")).isEqualTo("NEEDS_APPROVAL");
        assertThat(reason(waiting, atOnce)).isEqualTo("told");
        assertThat(reason(waiting, later)).isEqualTo("waits");

        // When nobody came for an hour
        database.change("update workflow set created_at = created_at - interval '1 hour' where id = ?", waiting);
        database.change("update notification_occasion set due_at = now() where workflow_id = ?", waiting);

        // Then
        eventually(() -> assertThat(deliveries()).hasSize(2));
        assertThat(reason(waiting, later)).isEqualTo("told");
    }

    @Test
    void secondApproval_isToldToo_whenTheFirstWasGivenBeforeAnybodyWasTold() throws Exception {
        // Given
        UUID rule = rule("needs_approval", "");
        UUID waiting = run("on_hold", 5);
        database.change("update workflow set status = 'running' where id = ?", waiting);
        eventually(() -> assertThat(reason(waiting, rule)).isEqualTo("overtaken"));

        // When
        database.change("update workflow set status = 'on_hold' where id = ?", waiting);
        Change again = change(waiting, project, waiting, "on_hold", null);
        publish(List.of(again, again), Map.of());

        // Then
        eventually(() -> assertThat(reason(waiting, rule)).isEqualTo("told"));
        assertThat(deliveries()).hasSize(1);
    }

    @Test
    void ruleWithoutAChannel_orWithOneThatIsOff_saysSo() {
        // Given
        UUID off = rule("started_failing", "");
        database.change("update notification_channel set disabled_at = now() where id = ?", channel);

        // When
        UUID run = run("failed", 5);

        // Then
        eventually(() -> assertThat(reason(run, off)).isEqualTo("channel_off"));
        assertThat(deliveries()).isEmpty();
    }

    @Test
    void sameEventAgain_isNotToldAgain_alsoFromTheBeginningOfTheLog() {
        // Given
        UUID rule = rule("started_failing", "");
        UUID told = run("failed", 5);
        eventually(() -> assertThat(reason(told, rule)).isEqualTo("told"));
        // and what was noted of it is lost, so that one can see it come again
        database.change("delete from notification_occasion where workflow_id = ?", told);

        // When
        readFromTheBeginning();

        // Then
        isDecidedAndToldOnce(told);
    }

    private void readFromTheBeginning() {
        clients.getConsumer("notification")
                .runOnPollingThread(consumer -> {
                    consumer.seekToBeginning(consumer.assignment());
                })
                .await()
                .atMost(Duration.ofSeconds(10));
    }

    private void isDecidedAndToldOnce(UUID run) {
        eventually(() -> assertThat(database.count(
                        "select count(*) from notification_occasion where workflow_id = ? and due_at is null", run))
                .isOne());
        assertThat(deliveries()).hasSize(1);
        assertThat(database.count("select count(*) from notification_decision where workflow_id = ?", run))
                .isOne();
    }

    @Test
    void historyThatIsRegrown_isNotToldAgain_evenFromTheBeginningOfTheLog() {
        // Given
        UUID rule = rule("started_failing", "");
        UUID told = run("failed", 5);
        eventually(() -> assertThat(reason(told, rule)).isEqualTo("told"));
        database.change("delete from notification_occasion where workflow_id = ?", told);

        // When
        String task = asked().post("/api/rebuilds?untold=keep")
                .then()
                .statusCode(202)
                .extract()
                .path("id");
        await().atMost(Duration.ofSeconds(120))
                .until(() -> asked().get("/api/tasks/{id}", task).path("state").equals("done"));
        readFromTheBeginning();

        // Then
        isDecidedAndToldOnce(told);
    }

    @Test
    void roundWhoseConnectionIsCut_isUndone_andMadeOnceAfterwards() {
        // Given
        rule("started_failing", "");
        Database.force("""
                create function linger() returns trigger language plpgsql as $$
                begin perform pg_sleep(5); return new; end $$""");
        Database.force(
                "create trigger linger before insert on notification_delivery for each row execute function linger()");
        UUID run;
        try {
            run = run("failed", 5);

            // When
            await().atMost(Duration.ofSeconds(20)).until(() -> database.count("""
                    select count(pg_terminate_backend(pid)) from pg_stat_activity
                    where wait_event = 'PgSleep' and query like '%notification_delivery%'""") > 0);
        } finally {
            Database.force("drop function linger cascade");
        }

        // Then
        isDecidedAndToldOnce(run);
    }

    @Test
    void severalThatDecideAtOnce_tellOnce() throws Exception {
        // Given
        UUID rule = rule("started_failing", "");
        String accounted = "select count(distinct workflow_id) from notification_decision where rule_id = ?";
        List<Change> changes = failures(2, 4, "'branch-' || n", 8);

        // When
        publish(changes, Map.of());
        List<CompletableFuture<Void>> workers = Stream.generate(
                        () -> new Decider(stores, rules, queue, config, meters, Clock.systemUTC()))
                .limit(3)
                .map(decider -> CompletableFuture.runAsync(() -> {
                    try {
                        while (database.count(accounted, rule) < 8) {
                            decider.decide();
                        }
                    } catch (SQLException e) {
                        throw new AssertionError(e);
                    }
                }))
                .toList();

        // Then
        CompletableFuture.allOf(workers.toArray(CompletableFuture[]::new)).get(20, TimeUnit.SECONDS);
        assertThat(deliveries()).hasSize(8);
        assertThat(deliveries().stream().map(message -> message.getString("workflow_id")))
                .doesNotHaveDuplicates();
        assertThat(database.count("select count(*) from notification_decision where rule_id = ?", rule))
                .isEqualTo(8);
    }

    @Test
    void roundThatIsTooMuch_isMadeInSmallerPieces() throws Exception {
        // Given
        UUID rule = rule("started_failing", "");
        Database.force("""
                create function refuse_many() returns trigger language plpgsql as $$
                begin
                    if (select count(*) from fresh) > 2 then raise exception 'too much'; end if;
                    return null;
                end $$""");
        Database.force("""
                create trigger refuse_many after insert on notification_decision
                referencing new table as fresh for each statement execute function refuse_many()""");
        try {
            // When
            publish(failures(2, 4, "'branch-' || n", 8), Map.of());

            // Then
            eventually(() -> assertThat(
                            database.count("select count(*) from notification_decision where rule_id = ?", rule))
                    .isEqualTo(8));
            assertThat(deliveries()).hasSize(8);
        } finally {
            Database.force("drop function refuse_many cascade");
        }
    }

    @Test
    void branchOfTwentyThousandPipelinesWithoutAPass_isDecidedAboutInTime() throws Exception {
        // Given
        UUID rule = rule("still_failing", ", \"every\": 2");
        List<Change> changes = failures(1, 20_000, "'long'", 1_000);

        // When
        publish(changes, Map.of());

        // Then
        eventually(() -> assertThat(database.count(
                        "select count(distinct workflow_id) from notification_decision where rule_id = ?", rule))
                .isEqualTo(1_000));
        preview(rule, now.minusSeconds(300).toString()).body("complete", equalTo(true));
    }

    @Test
    void decisionWhoseDeliveryFails_isUndone_andMadeOnceAfterwards() {
        // Given
        UUID rule = rule("started_failing", "");
        Database.force("""
                create function refuse_delivery() returns trigger language plpgsql as $$
                begin raise exception 'refused'; end $$""");
        Database.force(
                "create trigger refuse before insert on notification_delivery for each row execute function refuse_delivery()");
        UUID run;
        try {
            // When
            run = run("failed", 5);

            // Then
            eventually(() -> assertThat(database.count(
                            "select count(*) from notification_occasion where workflow_id = ? and due_at < now() - interval '2 s'",
                            run))
                    .isOne());
            assertThat(database.count("select count(*) from notification_decision where workflow_id = ?", run))
                    .isZero();
        } finally {
            Database.force("drop function refuse_delivery cascade");
        }
        eventually(() -> assertThat(reason(run, rule)).isEqualTo("told"));
        assertThat(deliveries()).hasSize(1);
    }

    private Change change(UUID workflow, UUID ofProject, UUID pipeline) {
        return change(workflow, ofProject, pipeline, "failed", Transition.FIRST);
    }

    private Change change(UUID workflow, UUID ofProject, UUID pipeline, String status, Transition transition) {
        return new Change(
                UUID.randomUUID(),
                "workflow",
                workflow,
                "build",
                status,
                Outcome.of(status),
                transition,
                ofProject,
                "gh/" + slug,
                pipeline,
                1L,
                workflow,
                null,
                "topic",
                null,
                null,
                now.minusSeconds(60),
                now,
                false);
    }

    private void publish(List<Change> changes, Map<String, String> more) throws Exception {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", kafka);
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (Change change : changes) {
                CloudEvent event = CloudEvent.of(change, Json.CIRCLECI.writeValueAsBytes(change));
                var record = new ProducerRecord<>(Topics.EVENTS, event.keyBytes(), event.value());
                event.forEachHeader(record.headers()::add);
                more.forEach((name, value) -> record.headers().add(name, value.getBytes(UTF_8)));
                producer.send(record);
            }
        }
    }

    @Test
    void eventThatIsPublishedAnew_orOfAJob_orNoEventAtAll_isPassedOver() throws Exception {
        // Given
        UUID job = UUID.randomUUID();
        UUID anew = UUID.randomUUID();
        UUID fresh = UUID.randomUUID();

        // When
        publish(List.of(change(anew, project, anew)), Map.of("ce_republished", "true"));
        publish(List.of(change(job, project, job)), Map.of(CloudEvent.TYPE, CloudEvent.typeOfChange("job")));
        try (var producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", (Object) kafka), new ByteArraySerializer(), new ByteArraySerializer())) {
            for (byte[] none : new byte[][] {{'{'}, "null".getBytes(UTF_8), {}, null}) {
                producer.send(
                        new ProducerRecord<>(Topics.EVENTS, project.toString().getBytes(UTF_8), none));
            }
        }
        publish(List.of(change(fresh, project, fresh)), Map.of());

        // Then
        eventually(() -> assertThat(
                        database.count("select count(*) from notification_occasion where workflow_id = ?", fresh))
                .isOne());
        assertThat(database.count("select count(*) from notification_occasion where workflow_id = ?", anew))
                .isZero();
        assertThat(database.count("select count(*) from notification_occasion where workflow_id = ?", job))
                .isZero();
    }

    @Test
    @Tag("F45")
    void tenThousandTransitionsAtOnce_becomeBoundedMessages_andEachIsAccountedFor() throws Exception {
        // Given
        UUID rule = rule("started_failing", "");
        List<Change> changes = failures(100, 100, "'branch-' || n", 10_000);
        assertThat(changes).hasSize(10_000);
        long began = System.nanoTime();

        // When
        publish(changes, Map.of());

        // Then
        String accounted = "select count(distinct workflow_id) from notification_decision where rule_id = ?";
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(database.count(accounted, rule)).isEqualTo(10_000));
        System.out.printf("10,000 transitions were decided about in %d ms%n", (System.nanoTime() - began) / 1_000_000);
        assertThat(deliveries()).hasSizeLessThanOrEqualTo(10);
        assertThat(deliveries())
                .allSatisfy(message -> assertThat(message.getList("others")).hasSizeLessThanOrEqualTo(10));

        // When the minute is over
        database.change("update notification_decision set decided_at = decided_at - interval '2 minutes'");
        database.change("update notification_occasion set due_at = now() where due_at is not null");

        // Then what was held back has followed, in as many again at most
        eventually(() -> assertThat(database.count(accounted + " and message_id is not null", rule))
                .isEqualTo(10_000));
        assertThat(deliveries()).hasSizeLessThanOrEqualTo(20);
        long told = deliveries().stream()
                .mapToLong(message -> message.getString("kind").equals("SUMMARY")
                        ? message.getList("others").size() + message.getInt("more")
                        : 1)
                .sum();
        assertThat(told).isEqualTo(10_000);
    }

    @Test
    void tokenForAnotherProject_isToldOfNoRun_andOfNoRule() {
        // Given
        UUID workflow = run("failed", 5);
        String foreign = asked().body("""
                        {"name": "foreign", "scopes": ["notify:admin"], "projects": ["%s"]}""".formatted(UUID.randomUUID()))
                .post("/api/tokens")
                .path("token");
        String own = asked().body("""
                        {"name": "own", "scopes": ["notify:admin"], "projects": ["%s"]}""".formatted(project)).post("/api/tokens").path("token");

        // Then
        String path = "/api/workflows/" + workflow + "/notifications";
        given().header("Circle-Token", foreign).get(path).then().statusCode(404);
        given().header("Circle-Token", own).get(path).then().statusCode(200);
        given().header("Circle-Token", own)
                .get("/api/notifications/rules")
                .then()
                .statusCode(403);
        given().header("Circle-Token", own)
                .get("/api/notifications/silences")
                .then()
                .statusCode(403);
    }

    @Test
    void ruleIsMadeReadChangedAndDeleted() {
        UUID id = rule("recovered", ", \"workflow\": \"build\"");
        String document = asked().get("/api/notifications/rules/{id}", id).asString();
        asked().body(document.replace("\"build\"", "\"deploy\"").replace("\"enabled\":true", "\"enabled\":false"))
                .put("/api/notifications/rules/{id}", id)
                .then()
                .statusCode(200)
                .body("workflow", equalTo("deploy"))
                .body("enabled", equalTo(false))
                .body("created_by", equalTo("bootstrap"));
        asked().body(document).post("/api/notifications/rules").then().statusCode(409);
        asked().body(document.replace(channel.toString(), project.toString()))
                .put("/api/notifications/rules/{id}", id)
                .then()
                .statusCode(400)
                .body("detail", containsString(project.toString()));
        asked().delete("/api/notifications/rules/{id}", id).then().statusCode(204);
        asked().get("/api/notifications/rules/{id}", id).then().statusCode(404);
        asked().get("/api/notifications/rules").then().body("items.name", hasItem("Default branch recovered"));
    }
}
