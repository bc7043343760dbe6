package dev.treering.notification;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import jakarta.inject.Inject;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.FlowTest;
import dev.treering.Receiver;
import dev.treering.Receiver.Received;
import io.micrometer.core.instrument.MeterRegistry;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static dev.treering.Receiver.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

@FlowTest
class DeliveryTest extends NotificationTest {

    private static final List<Duration> DEFAULT = GuardTest.config(Map.of()).schedule();

    @Inject
    MeterRegistry meters;

    private final String path = path();

    private double counted(String outcome) {
        return meters.counter("treering.notification.attempts", "outcome", outcome)
                .count();
    }

    @Test
    void aMessage_arrivesSignedAndOnceHoweverOftenItIsAdded() throws Exception {
        String secret = Signing.newSecret();
        String channel = create(Map.of("url", receiver.url(path), "secret", secret))
                .statusCode(201)
                .extract()
                .path("id");
        // When
        Message message = add(channel);
        try (Connection connection = stores.getConnection()) {
            deliveries.add(connection, UUID.fromString(channel), message);
            deliveries.add(connection, UUID.randomUUID(), message);
        }
        // Then
        await().untilAsserted(() -> assertThat(state(channel, message)).isEqualTo("sent after 1"));
        assertThat(receiver.received(path)).hasSize(1);
        Received received = receiver.received(path).get(0);
        String at = received.headers().getFirst("webhook-timestamp");
        assertThat(received.headers().getFirst("webhook-id"))
                .isEqualTo(message.id().toString());
        assertThat(Long.parseLong(at))
                .isCloseTo(Instant.now().getEpochSecond(), org.assertj.core.data.Offset.offset(60L));
        assertThat(StandardWebhooks.verifies(received, secret, Instant.now())).isTrue();
        assertThat(StandardWebhooks.verifies(received, Signing.newSecret(), Instant.now()))
                .isFalse();
        JsonNode body = new ObjectMapper().readTree(received.body());
        assertThat(body.path("type").asText()).isEqualTo("workflow.started_failing");
        assertThat(body.path("timestamp").asText()).isEqualTo("2026-11-24T10:02:00Z");
        assertThat(body.at("/data/branch").asText()).isEqualTo("main");
    }

    @Test
    void theSchedule_waitsLongerEachTimeWithJitterOnTopAndEnds() {
        List<String> waits = java.util.stream.IntStream.range(1, 7)
                .mapToObj(tries -> Deliveries.next(DEFAULT, tries, Duration.ZERO, 0)
                        .orElseThrow()
                        .toString())
                .toList();
        assertThat(waits).containsExactly("PT5S", "PT5M", "PT30M", "PT2H", "PT5H", "PT10H");
        assertThat(Deliveries.next(DEFAULT, 7, Duration.ZERO, 0)).isEmpty();
        assertThat(Deliveries.next(DEFAULT, 2, Duration.ZERO, 1)).contains(Duration.ofMinutes(6));
        // What was asked for is waited for at least, and the schedule is
        assertThat(Deliveries.next(DEFAULT, 1, Duration.ofMinutes(1), 0)).contains(Duration.ofMinutes(1));
        assertThat(Deliveries.next(DEFAULT, 2, Duration.ofMinutes(1), 0)).contains(Duration.ofMinutes(5));
    }

    @Tag("F43")
    @Test
    void aTargetThatFails_isTriedByTheScheduleThenFailedAndSentWhenAskedForAgain() throws Exception {
        // Given
        receiver.answer(path, status(500));
        String channel = channel("webhook", path);
        // When
        Message message = add(channel);
        await().atMost(Duration.ofSeconds(40))
                .untilAsserted(() -> assertThat(state(channel, message)).isEqualTo("failed after 7"));
        // Then
        assertThat(receiver.received(path))
                .hasSize(7)
                .allMatch(one ->
                        one.headers().getFirst("webhook-id").equals(message.id().toString()));
        String id = delivery(channel, message);
        admin().get(DELIVERIES + "/" + id)
                .then()
                .statusCode(200)
                .body("state", equalTo("failed"))
                .body("last_error", equalTo("It answered 500"))
                .body("message.commit_subject", equalTo("Count rings, not years"))
                .body("log", hasSize(7))
                .body("log.status", everyItem(equalTo(500)))
                .body("log.latency_millis", everyItem(notNullValue()))
                .body("log[0].next_try_at", notNullValue())
                .body("log[6].next_try_at", nullValue());
        // and when it is mended, one or many are sent again
        receiver.answer(path, status(200));
        admin().post(DELIVERIES + "/" + id + "/resend").then().statusCode(202).body("state", equalTo("pending"));
        await().untilAsserted(() -> assertThat(state(channel, message)).isEqualTo("sent after 8"));
        admin().post(DELIVERIES + "/resend?state=sent&channel=" + channel)
                .then()
                .statusCode(202)
                .body("resent", equalTo(1));
        await().untilAsserted(() -> assertThat(state(channel, message)).isEqualTo("sent after 9"));
        assertThat(database.value(
                        "select failing_since from notification_channel where id = ?", UUID.fromString(channel)))
                .isNull();
    }

    @Tag("F43")
    @Test
    void aTargetThatAsksForTime_getsItForAllItsMessages() throws Exception {
        // Given
        receiver.answer(
                path,
                (exchange, request) -> status(receiver.received(path).size() == 1 ? 429 : 200, "Retry-After", "3")
                        .to(exchange, request));
        String channel = channel("webhook", path);
        // When
        Message first = add(channel);
        await().until(() -> receiver.received(path).size() == 1);
        Message second = add(channel);
        await().untilAsserted(() -> {
            assertThat(state(channel, first)).isEqualTo("sent after 2");
            assertThat(state(channel, second)).isEqualTo("sent after 1");
        });
        // Then
        List<Received> all = receiver.received(path);
        assertThat(Duration.between(all.get(0).at(), all.get(1).at())).isGreaterThan(Duration.ofMillis(2900));
    }

    @Tag("F43")
    @Test
    void targetsThatHang_areDownOrRefuse_holdUpNobodyElse() throws Exception {
        // Given three that hang, with many messages each, and one that is down
        List<String> hanging = new java.util.ArrayList<>();
        for (int i = 0; i < 3; i++) {
            String silent = path();
            receiver.answer(silent, (exchange, request) -> {});
            hanging.add(channel("webhook", silent));
        }
        String down = create(Map.of("url", "http://127.0.0.1:1/"))
                .statusCode(201)
                .extract()
                .path("id");
        for (int i = 0; i < 10; i++) {
            for (String channel : hanging) {
                add(channel);
            }
            add(down);
        }
        Message last = add(hanging.get(0));
        Message vain = add(down);
        // When twenty go to one that is well
        String well = channel("webhook", path);
        for (int i = 0; i < 20; i++) {
            add(well);
        }
        // Then they arrive while those that hang have most of theirs before them
        await().until(() -> receiver.received(path).size() == 20);
        assertThat(state(hanging.get(0), last)).startsWith("pending");
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            assertThat(errors(hanging.get(1))).contains("no answer within 1500 ms");
            assertThat(errors(down)).contains("ConnectException");
        });
        assertThat(state(down, vain)).doesNotStartWith("sent");
    }

    private String errors(String channel) {
        return database.value("""
                        select string_agg(error, '; ') from notification_attempt a
                        join notification_delivery d on d.id = a.delivery_id where d.channel_id = ?""", UUID.fromString(channel)) + "";
    }

    @Tag("F43")
    @Test
    void aTargetThatIsGone_isSwitchedOffAndTheOthersAreTold() throws Exception {
        // Given
        String other = path();
        channel("webhook", other);
        receiver.answer(path, status(410));
        String channel = channel("webhook", path);
        // When
        add(channel);
        Message waiting = add(channel);
        // Then
        await().untilAsserted(() -> admin().get(CHANNELS)
                .then()
                .body("items.find { it.id == '%s' }.disabled_reason".formatted(channel), containsString("410")));
        await().until(() -> receiver.received(other).stream()
                .anyMatch(told -> told.body().contains("notification.channel_off")
                        && told.body().contains("It answered 410: it is gone")));
        // and what waited is written down as failed, and not sent while it is off
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(state(channel, waiting)).isEqualTo("failed after 0"));
        assertThat(receiver.received(path)).hasSize(1);
        admin().post(DELIVERIES + "/" + delivery(channel, waiting) + "/resend")
                .then()
                .statusCode(409)
                .body("detail", containsString("switched off"));
        admin().post(CHANNELS + "/" + channel + "/test").then().statusCode(409);
        // and goes when it is switched on again
        receiver.answer(path, status(200));
        admin().body(Map.of("enabled", true))
                .patch(CHANNELS + "/" + channel)
                .then()
                .statusCode(200)
                .body("disabled_at", nullValue());
        admin().post(DELIVERIES + "/resend?state=failed&channel=" + channel)
                .then()
                .body("resent", equalTo(2));
        await().untilAsserted(() -> assertThat(state(channel, waiting)).isEqualTo("sent after 1"));
    }

    @Tag("F43")
    @Test
    void aTargetInWhichNothingArrivedForFiveDays_isSwitchedOff() throws Exception {
        receiver.answer(path, status(503));
        String channel = channel("webhook", path);
        UUID id = UUID.fromString(channel);
        database.change(
                "update notification_channel set failing_since = now() - interval '4 days 23 hours' where id = ?", id);
        add(channel);
        await().until(() -> receiver.received(path).size() > 1);
        assertThat(database.value("select disabled_at from notification_channel where id = ?", id))
                .isNull();
        // When
        database.change("update notification_channel set failing_since = now() - interval '5 days' where id = ?", id);
        add(channel);
        // Then
        await().untilAsserted(() -> assertThat(
                        database.value("select disabled_reason from notification_channel where id = ?", id))
                .isEqualTo("Nothing has arrived for 120 hours; last: It answered 503"));
    }

    @Test
    void aTargetThatFailedOnceLongAgo_hasNotFailedSince() throws Exception {
        receiver.answer(path, status(503));
        String channel = channel("webhook", path);
        UUID id = UUID.fromString(channel);
        database.change("update notification_channel set failing_since = now() - interval '6 days' where id = ?", id);
        // When
        add(channel);
        // Then
        await().until(() -> receiver.received(path).size() > 2);
        assertThat(database.value("select disabled_at from notification_channel where id = ?", id))
                .isNull();
    }

    @Test
    void aMessageOfAKindThatIsUnknownHere_fails() throws Exception {
        // Given
        String channel = channel("webhook", path);
        UUID id = UUID.fromString(channel);
        database.change("update notification_channel set free_at = 'infinity' where id = ?", id);
        Message message = add(channel);
        database.change(
                "update notification_delivery set message = message || '{\"kind\": \"LATER\"}' where channel_id = ?",
                id);
        // When
        database.change("update notification_channel set free_at = now() where id = ?", id);
        // Then
        await().atMost(Duration.ofSeconds(40))
                .untilAsserted(() -> assertThat(state(channel, message)).isEqualTo("failed after 7"));
        assertThat(errors(channel)).contains("cannot read the message");
        assertThat(receiver.received(path)).isEmpty();
    }

    @Test
    void whatIsSentAgainInAllChannels_isWhatFailed() {
        admin().post(DELIVERIES + "/resend?state=sent")
                .then()
                .statusCode(400)
                .body("detail", containsString("'channel'"));
        admin().post(DELIVERIES + "/resend?state=failed").then().statusCode(202);
    }

    @Tag("F43")
    @Test
    void channelsThatFail_haveHalfOfTheThreadsAtMost() throws Exception {
        // Given twenty of which this is known, and that take their time
        AtomicInteger underWay = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        receiver.answer(path, (exchange, request) -> {
            most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
            Thread.sleep(300);
            underWay.decrementAndGet();
            status(500).to(exchange, request);
        });
        for (int i = 0; i < 20; i++) {
            String channel = channel("webhook", path);
            database.change(
                    "update notification_channel set failing_since = now() where id = ?", UUID.fromString(channel));
            add(channel);
        }
        // When
        await().atMost(Duration.ofSeconds(40))
                .until(() -> receiver.received(path).size() >= 100);
        // Then
        assertThat(most.get()).isBetween(2, 8);
    }

    @Tag("F43")
    @Test
    void aRedirect_isAFailureAndLeadsNowhere() throws Exception {
        String inside = path();
        receiver.answer(path, status(307, "Location", receiver.url(inside)));
        String channel = channel("webhook", path);
        add(channel);
        await().until(() -> errors(channel).contains("It answered 307; redirects are not followed"));
        assertThat(receiver.received(inside)).isEmpty();
    }

    @Tag("F44")
    @Test
    void aWorkerThatEndsBetweenSendingAndWritingItDown_sendsAgainUnderTheSameIdAndItIsCounted() throws Exception {
        // Given a message that is being received, and whose outcome nobody will write down
        double before = counted("repeated");
        String channel = channel("webhook", path);
        CompletableFuture<Connection> held = new CompletableFuture<>();
        receiver.answer(
                path,
                holdingUp(
                        "notification_attempt a join notification_delivery d on d.id = a.delivery_id and d.channel_id = '%s'"
                                .formatted(channel),
                        held));
        Message message = add(channel);
        try (Connection connection = held.get(20, TimeUnit.SECONDS)) {
            // When the worker's connection is cut in the moment in which it wants to
            await().until(() -> database.count("""
                    select count(pg_terminate_backend(pid)) from pg_stat_activity
                    where wait_event_type = 'Lock' and query like '%update notification_attempt%'""") > 0);
            receiver.answer(path, status(200));
            connection.rollback();
        }
        assertThat(state(channel, message)).isEqualTo("pending after 1");
        // Then after the lease it is sent again
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(state(channel, message)).isEqualTo("sent after 2"));
        assertThat(receiver.received(path))
                .hasSize(2)
                .allMatch(one ->
                        one.headers().getFirst("webhook-id").equals(message.id().toString()));
        assertThat(counted("repeated")).isEqualTo(before + 1);
        admin().get(DELIVERIES + "/" + delivery(channel, message))
                .then()
                .body("log[0].outcome", nullValue())
                .body("log[1].outcome", equalTo("arrived"));
    }

    @Test
    void aChannel_canBeDeletedWhileTheOutcomeOfItsMessageIsWrittenDown() throws Exception {
        // Given a message whose outcome is being written down
        String channel = channel("webhook", path);
        CompletableFuture<Connection> held = new CompletableFuture<>();
        receiver.answer(path, holdingUp("notification_delivery where channel_id = '%s'".formatted(channel), held));
        add(channel);
        try (Connection connection = held.get(20, TimeUnit.SECONDS)) {
            awaitWaiting("update notification_delivery");
            // When
            CompletableFuture<Integer> deleted = CompletableFuture.supplyAsync(
                    () -> admin().delete(CHANNELS + "/" + channel).statusCode());
            awaitWaiting("delete from notification_channel");
            connection.rollback();
            // Then neither waits for the other
            assertThat(deleted.get(20, TimeUnit.SECONDS)).isEqualTo(204);
        }
        assertThat(receiver.received(path)).hasSize(1);
    }

    private void awaitWaiting(String statement) {
        await().until(() -> database.count(
                        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like ?",
                        "%" + statement + "%")
                > 0);
    }

    // Answers 200 while these rows cannot be written, until the connection lets go of them.
    private Receiver.Answer holdingUp(String rows, CompletableFuture<Connection> held) {
        return (exchange, request) -> {
            try {
                Connection connection = stores.getConnection();
                connection.setAutoCommit(false);
                connection.createStatement().execute("select from %s for update".formatted(rows));
                held.complete(connection);
            } catch (SQLException e) {
                held.completeExceptionally(e);
            }
            status(200).to(exchange, request);
        };
    }

    @Test
    void slack_getsOneMessageASecondAndNoneThatItRefuses() throws Exception {
        receiver.answer(path, SlackRules.slack());
        String channel = channel("slack", path);
        List<Message> messages = new java.util.ArrayList<>();
        for (int i = 0; i < 4; i++) {
            messages.add(add(channel));
        }
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() ->
                        assertThat(messages).allMatch(message -> "sent after 1".equals(state(channel, message))));
        assertThat(receiver.received(path)).hasSize(4);
    }

    @Test
    void aName_mayHoldWhatPostgresqlCannotKeep() throws Exception {
        String channel = channel("webhook", path);
        Message message =
                Messages.with(Map.of("branch", "a\u0000b \\u0000 \ud83c\udf32", "commit_subject", "\\\u0000"));
        try (Connection connection = stores.getConnection()) {
            deliveries.add(connection, UUID.fromString(channel), message);
        }
        await().untilAsserted(() -> assertThat(state(channel, message)).isEqualTo("sent after 1"));
        JsonNode body =
                new ObjectMapper().readTree(receiver.received(path).get(0).body());
        assertThat(body.at("/data/branch").asText()).isEqualTo("ab \\u0000 \ud83c\udf32");
        assertThat(body.at("/data/commit_subject").asText()).isEqualTo("\\");
    }

    @Test
    void theLog_isListedByPagesAndFiltersAndForgottenInTime() throws Exception {
        // Given
        String channel = channel("webhook", path);
        admin().body(Map.of("enabled", false))
                .patch(CHANNELS + "/" + channel)
                .then()
                .statusCode(200);
        for (int i = 0; i < 60; i++) {
            add(channel);
        }
        deliveries.tidy();
        // When
        String list = DELIVERIES + "?state=failed&channel=" + channel;
        String next = admin().get(list)
                .then()
                .statusCode(200)
                .body("items", hasSize(50))
                .extract()
                .path("next_page_token");
        // Then
        admin().get(list + "&page-token=" + next)
                .then()
                .body("items", hasSize(10))
                .body("next_page_token", nullValue());
        admin().get(DELIVERIES + "?state=sent&page-token=" + next).then().statusCode(400);
        admin().get(DELIVERIES + "?state=lost").then().statusCode(400);
        admin().get(DELIVERIES + "?channel=ops").then().statusCode(400);
        admin().get(DELIVERIES + "?state=sent&channel=" + channel).then().body("items", hasSize(0));
        // and when the time is over
        database.change(
                "update notification_delivery set settled_at = now() - interval '31 days' where channel_id = ?",
                UUID.fromString(channel));
        deliveries.tidy();
        admin().get(list).then().body("items", hasSize(0));
    }

    @Test
    void retryAfter_isReadInBothSpellingsAndWhereItCounts() {
        Instant now = Instant.parse("2026-11-24T10:00:00Z");
        assertThat(pause(429, "7", now)).contains(Duration.ofSeconds(7));
        assertThat(pause(503, "Tue, 24 Nov 2026 10:01:00 GMT", now)).contains(Duration.ofMinutes(1));
        assertThat(pause(503, "Tue, 24 Nov 2026 09:01:00 GMT", now)).isEmpty();
        assertThat(pause(429, "soon", now)).isEmpty();
        assertThat(pause(429, "99999999999999", now)).isEmpty();
        assertThat(pause(400, "7", now)).isEmpty();
        assertThat(pause(429, null, now)).isEmpty();
    }

    private static Optional<Duration> pause(int status, String retryAfter, Instant now) {
        return Optional.ofNullable(Sender.pause(new Outbound.Reply(status, retryAfter), now));
    }
}
