package dev.treering.history;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Records;
import dev.treering.Signed;
import dev.treering.event.CloudEvent;
import dev.treering.event.Topics;
import dev.treering.outbox.Publisher;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

@FlowTest
class HistoryFlowTest {

    @Inject
    Database database;

    @Inject
    Publisher publisher;

    @ConfigProperty(name = "kafka.bootstrap.servers")
    String kafka;

    private final ExecutorService senders = Executors.newFixedThreadPool(8);

    private static byte[] workflowCompleted(UUID event, UUID project, UUID pipeline, UUID workflow, String status) {
        return workflowCompleted(
                event, project, pipeline, workflow, status, "2026-11-20T10:00:00Z", "2026-11-20T10:05:00.500Z");
    }

    private static byte[] workflowCompleted(
            UUID event, UUID project, UUID pipeline, UUID workflow, String status, String createdAt, String stoppedAt) {
        return """
                {"type": "workflow-completed", "id": "%s", "happened_at": "%s",
                 "webhook": {"id": "9f6b2c1a-0000-4000-8000-000000000001", "name": "test"},
                 "project": {"id": "%s", "name": "web", "slug": "github/acme/web"},
                 "organization": {"id": "9f6b2c1a-0000-4000-8000-000000000002", "name": "acme"},
                 "workflow": {"id": "%s", "name": "build", "status": "%s", "created_at": "%s", "stopped_at": "%s",
                   "url": "https://app.circleci.com/w"},
                 "pipeline": {"id": "%s", "number": 7, "created_at": "%s",
                   "trigger": {"type": "webhook"},
                   "vcs": {"provider_name": "github", "revision": "a5e30a908224e46626a796d058289475f6d387b5", "branch": "main",
                     "commit": {"subject": "Mend", "body": ""}}}}""".formatted(event, stoppedAt, project, workflow, status, createdAt, stoppedAt, pipeline, createdAt)
                .getBytes(UTF_8);
    }

    @AfterEach
    void stop_the_senders() {
        senders.shutdownNow();
    }

    @Test
    @Tag("F09")
    void fiftyCopiesOfOneDelivery_areFiftyTrailEntriesOneSeenEventAndOneAppliedChange() {
        // Given
        UUID event = UUID.randomUUID();
        UUID workflow = UUID.randomUUID();
        byte[] body = workflowCompleted(event, UUID.randomUUID(), UUID.randomUUID(), workflow, "success");
        // When
        IntStream.range(0, 50)
                .mapToObj(i -> CompletableFuture.runAsync(
                        () -> Signed.post(body).then().statusCode(202), senders))
                .toList()
                .forEach(CompletableFuture::join);
        // Then
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(
                                database.count("select count(*) from trail where event_id = ?", event.toString()))
                        .isEqualTo(50));
        assertThat(database.count(
                        "select count(*) from trail where event_id = ? and outcome = 'applied'", event.toString()))
                .isOne();
        assertThat(database.count(
                        "select count(*) from trail where event_id = ? and outcome = 'duplicate'", event.toString()))
                .isEqualTo(49);
        assertThat(database.count("select count(*) from seen_event where event_id = ?", event.toString()))
                .isOne();
        assertThat(database.value(
                        "select status || ' ' || stopped_at at time zone 'UTC' from workflow where id = ?", workflow))
                .isEqualTo("success 2026-11-20 10:05:00.5");
    }

    @Test
    @Tag("F01")
    void requestThatBothStoresTook_isInTheTrailTwiceAndCountedOnce() {
        // Given one request, carried over after Kafka had it all the same, and one that came again
        UUID project = UUID.randomUUID();
        byte[] body = workflowCompleted(UUID.randomUUID(), project, UUID.randomUUID(), UUID.randomUUID(), "success");
        // When
        for (String receipt : List.of("one", "one", "another")) {
            var headers = CloudEvent.headers(UUID.randomUUID().toString(), "com.circleci.workflow-completed", "/test");
            headers.put(CloudEvent.ID, "event-of-" + project);
            headers.put(CloudEvent.RECEIPT, receipt + project);
            publisher
                    .publish(new CloudEvent(Topics.WEBHOOKS, project.toString(), headers, body))
                    .join();
        }
        // Then
        await().untilAsserted(
                        () -> assertThat(database.count("select count(*) from trail where key = ?", project.toString()))
                                .isEqualTo(3));
        assertThat(database.value(
                        "select string_agg(outcome || ' ' || facts, ', ' order by outcome) from project_tally where key = ?",
                        project.toString()))
                .isEqualTo("applied 1, duplicate 1");
    }

    @Test
    @Tag("F09")
    void anotherBodyUnderTheSameId_isKeptBesideTheFirstAndMergedByItsTime() {
        // Given
        UUID event = UUID.randomUUID();
        UUID project = UUID.randomUUID();
        UUID pipeline = UUID.randomUUID();
        UUID workflow = UUID.randomUUID();
        String created = "2026-11-20T10:00:00Z";
        byte[] late = workflowCompleted(event, project, pipeline, workflow, "failed", created, "2026-11-20T10:05:00Z");
        byte[] early =
                workflowCompleted(event, project, pipeline, workflow, "success", created, "2026-11-20T10:04:00Z");
        // When
        Signed.post(late).then().statusCode(202);
        Signed.post(early).then().statusCode(202);
        // Then
        await().untilAsserted(() -> assertThat(database.count(
                        "select count(*) from trail where event_id = ? and outcome = 'applied'", event.toString()))
                .isEqualTo(2));
        assertThat(database.count("select count(*) from seen_event where event_id = ?", event.toString()))
                .isEqualTo(2);
        assertThat(database.value("select status from workflow where id = ?", workflow))
                .isEqualTo("failed");
    }

    @Test
    @Tag("F17")
    void aRequestThatIsPlayedAgainDaysLater_isTakenCountedAndChangesNothing() {
        // Given what came in days ago: nothing of it is young, and others came since
        UUID event = UUID.randomUUID();
        UUID project = UUID.randomUUID();
        UUID pipeline = UUID.randomUUID();
        UUID workflow = UUID.randomUUID();
        byte[] captured = workflowCompleted(
                event, project, pipeline, workflow, "failed", "2026-11-01T10:00:00Z", "2026-11-01T10:05:00Z");
        Signed.post(captured).then().statusCode(202);
        Signed.post(workflowCompleted(UUID.randomUUID(), project, pipeline, workflow, "success"))
                .then()
                .statusCode(202);
        await().untilAsserted(() -> assertThat(database.value("select status from workflow where id = ?", workflow))
                .isEqualTo("success"));
        String row = "select w::text from workflow w where id = ?";
        String before = database.value(row, workflow);
        // When
        String receipt = Signed.post(captured).then().statusCode(202).extract().path("receipt");
        // Then
        await().untilAsserted(() -> assertThat(database.value("select outcome from trail where receipt = ?", receipt))
                .isEqualTo("duplicate"));
        assertThat(database.value(row, workflow)).isEqualTo(before);
        assertThat(database.count("select count(*) from seen_event where event_id = ?", event.toString()))
                .isOne();
    }

    @Test
    @Tag("F19")
    void aCancelledWorkflow_endsAtTheLatestOfItsSeveralWebhooks() {
        // Given
        UUID project = UUID.randomUUID();
        UUID pipeline = UUID.randomUUID();
        UUID workflow = UUID.randomUUID();
        String created = "2026-11-20T10:00:00Z";
        // When the last one comes before the first one
        Signed.post(workflowCompleted(
                        UUID.randomUUID(), project, pipeline, workflow, "canceled", created, "2026-11-20T10:02:00Z"))
                .then()
                .statusCode(202);
        Signed.post(workflowCompleted(UUID.randomUUID(), project, pipeline, workflow, "canceled", created, created))
                .then()
                .statusCode(202);
        // Then
        await().untilAsserted(() -> assertThat(database.count(
                        "select count(*) from trail where key = ? and type like '%workflow%'", project.toString()))
                .isEqualTo(2));
        assertThat(database.value("select stopped_at at time zone 'UTC' from workflow where id = ?", workflow))
                .isEqualTo("2026-11-20 10:02:00");
    }

    @Test
    void theTopics_carryCloudEventsKeyedByProject() {
        // Given a green run and then a broken one on the same branch
        UUID project = UUID.randomUUID();
        UUID first = UUID.randomUUID();
        UUID second = UUID.randomUUID();
        UUID event = UUID.randomUUID();
        byte[] body = workflowCompleted(event, project, UUID.randomUUID(), first, "success");
        Signed.post(body).then().statusCode(202);
        await().untilAsserted(() -> assertThat(database.value("select status from workflow where id = ?", first))
                .isEqualTo("success"));
        Signed.post(workflowCompleted(
                        UUID.randomUUID(),
                        project,
                        UUID.randomUUID(),
                        second,
                        "failed",
                        "2026-11-20T11:00:00Z",
                        "2026-11-20T11:05:00Z"))
                .then()
                .statusCode(202);
        // When
        List<ConsumerRecord<String, String>> webhooks = Records.read(kafka, Topics.WEBHOOKS, project, 2);
        List<ConsumerRecord<String, String>> events = Records.read(kafka, Topics.EVENTS, project, 2);
        // Then
        ConsumerRecord<String, String> webhook = webhooks.get(0);
        assertThat(webhook.value()).isEqualTo(new String(body, UTF_8));
        assertThat(header(webhook, "ce_specversion")).isEqualTo("1.0");
        assertThat(header(webhook, "ce_id")).isEqualTo(event.toString());
        assertThat(header(webhook, "ce_type")).isEqualTo("com.circleci.workflow-completed");
        assertThat(header(webhook, "ce_source")).isEqualTo("/projects/" + project);
        assertThat(header(webhook, "ce_time")).isEqualTo("2026-11-20T10:05:00.500Z");
        assertThat(header(webhook, "ce_receiptid")).hasSize(36);
        assertThat(header(webhook, "ce_receivedat")).endsWith("Z");
        assertThat(header(webhook, "ce_secretid")).hasSize(8);
        assertThat(webhooks).extracting(ConsumerRecord::partition).containsOnly(webhook.partition());
        assertThat(events)
                .extracting(record -> header(record, "ce_type"))
                .containsOnly("dev.treering.workflow.changed");
        assertThat(events)
                .anySatisfy(record -> assertThat(record.value())
                        .contains(first.toString(), "\"transition\":\"first\"", "\"outcome\":\"success\""))
                .anySatisfy(record -> assertThat(record.value())
                        .contains(
                                second.toString(),
                                "\"transition\":\"broke\"",
                                "\"outcome\":\"failure\"",
                                "gh/acme/web"));
    }

    private static String header(ConsumerRecord<?, ?> record, String name) {
        return new String(record.headers().lastHeader(name).value(), UTF_8);
    }
}
