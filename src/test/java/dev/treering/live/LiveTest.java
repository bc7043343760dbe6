package dev.treering.live;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpHeaders;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.Examples;
import dev.treering.FlowTest;
import dev.treering.Payloads;
import dev.treering.Signed;
import dev.treering.TestStores;
import dev.treering.event.Change;
import dev.treering.event.CloudEvent;
import dev.treering.event.Outcome;
import dev.treering.live.Ring.Chunk;
import dev.treering.live.Ring.Place;
import dev.treering.outbox.Publisher;
import dev.treering.outbox.TopicsJob;
import dev.treering.security.Scope;
import dev.treering.security.Tokens;
import dev.treering.support.Json;
import dev.treering.support.TreeringConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.restassured.RestAssured;
import io.smallrye.common.annotation.Identifier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

@FlowTest
class LiveTest {

    private static final Filter ALL = Filter.of(List.of(), List.of(), List.of(), List.of(), Optional.empty());

    @Inject
    Publisher publisher;

    @Inject
    Tokens tokens;

    @Inject
    Database database;

    @Inject
    TopicsJob topics;

    @Inject
    TreeringConfig treering;

    @Inject
    @Identifier("default-kafka-broker")
    Map<String, Object> broker;

    // A project of each test's own: others tell of theirs meanwhile.
    private final UUID project = UUID.randomUUID();
    private final String slug = "gh/live/" + project;
    private final List<Listener> listeners = new ArrayList<>();

    @AfterEach
    void close() throws IOException {
        for (Listener listener : listeners) {
            listener.close();
        }
    }

    private Listener listen(String query, String token, String lastEventId) throws Exception {
        Listener listener = new Listener(query, token, lastEventId);
        listeners.add(listener);
        assertThat(listener.response().statusCode()).isEqualTo(200);
        await().until(() -> listener.lastId() != null);
        return listener;
    }

    private Listener listen(String query) throws Exception {
        return listen(query, TestStores.TOKEN, null);
    }

    private void happens(String name, UUID project, String entity, String branch, Outcome outcome) throws Exception {
        Instant now = Instant.parse("2026-11-20T10:00:00Z");
        Change change = new Change(
                UUID.randomUUID(),
                entity,
                UUID.randomUUID(),
                name,
                outcome.toString(),
                outcome,
                null,
                project,
                "gh/live/" + project,
                null,
                null,
                null,
                null,
                branch,
                null,
                null,
                now,
                now,
                false);
        publisher
                .publish(CloudEvent.of(change, Json.CIRCLECI.writeValueAsBytes(change)))
                .get();
    }

    private void happens(String name) throws Exception {
        happens(name, project, "workflow", "main", Outcome.SUCCESS);
    }

    @Test
    void aWebhook_isToldAsItBecomesHistory() throws Exception {
        // Given
        Listener listener = listen("?type=workflow");
        UUID workflow = UUID.randomUUID();
        String body = new String(Payloads.webhook("github-workflow-completed"), UTF_8)
                .replaceFirst("(\"workflow\": *\\{[^}]*?\"id\": *\")[^\"]*", "$1" + workflow)
                .replaceFirst("(\"id\": *\")[^\"]*", "$1" + UUID.randomUUID());
        // When
        Signed.post(body.getBytes(UTF_8)).then().statusCode(202);
        // Then
        await().untilAsserted(() -> assertThat(listener.told()).anySatisfy(told -> {
            assertThat(told.event()).isEqualTo("dev.treering.workflow.changed");
            assertThat(told.data()).contains("\"entity_id\":\"" + workflow + "\"");
        }));
        HttpHeaders headers = listener.response().headers();
        assertThat(headers.firstValue("content-type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/event-stream"));
        assertThat(headers.firstValue("cache-control")).hasValue("no-cache");
        assertThat(headers.firstValue("x-accel-buffering")).hasValue("no");
        Listener.Told one = listener.told().get(0);
        Examples.keep(
                "Stream_stream",
                "200",
                Json.CIRCLECI
                        .valueToTree("event: %s\ndata: %s\nid: %s\n\n".formatted(one.event(), one.data(), one.id()))
                        .toString());
    }

    @Test
    void filters_leaveTheRestOut() throws Exception {
        // Given
        UUID other = UUID.randomUUID();
        Map<String, Listener> listeners = Map.of(
                "project", listen("?project=github/live/" + project),
                "both", listen("?project=%s,gh/live/%s&project=gh/live/none".formatted(slug, other)),
                "branch", listen("?project=%s&branch=side,release%%2F1".formatted(slug)),
                "type", listen("?project=%s&type=job&type=dev.treering.pipeline.changed".formatted(slug)),
                "outcome", listen("?project=%s&outcome=failure,canceled".formatted(slug)));
        // When
        happens("a", project, "workflow", "main", Outcome.SUCCESS);
        happens("b", project, "job", "side", Outcome.FAILURE);
        happens("c", project, "pipeline", "release/1", Outcome.SUCCESS);
        happens("d", other, "workflow", "side", Outcome.CANCELED);
        happens("e", project, "workflow", null, Outcome.CANCELED);
        // Then
        Map<String, List<String>> expected = Map.of(
                "project", List.of("a", "b", "c", "e"),
                "both", List.of("a", "b", "c", "d", "e"),
                "branch", List.of("b", "c"),
                "type", List.of("b", "c"),
                "outcome", List.of("b", "e"));
        await().untilAsserted(() -> expected.forEach((name, names) ->
                assertThat(listeners.get(name).names()).as(name).containsExactlyInAnyOrderElementsOf(names)));
    }

    @Test
    void whatCannotBeAskedFor_isToldSo() {
        for (String query : List.of("?type=build", "?outcome=good", "?project=web", "?branches=main")) {
            RestAssured.given()
                    .header("Circle-Token", TestStores.TOKEN)
                    .get("/api/stream" + query)
                    .then()
                    .statusCode(400);
        }
    }

    @Test
    void aClientThatComesAgain_missesNothing_andGetsNothingTwice() throws Exception {
        // Given
        Listener first = listen("?project=" + slug);
        happens("1");
        happens("2");
        await().until(() -> first.names().size() == 2);
        String seen = first.told().get(0).id();
        first.close();
        // When
        happens("3");
        Listener second = listen("?project=" + slug, TestStores.TOKEN, seen);
        await().until(() -> second.names().size() == 2);
        happens("4");
        // Then
        await().untilAsserted(() -> assertThat(second.names()).containsExactly("2", "3", "4"));
        // And by the query, from where a heartbeat was
        Listener third = listen("?last_event_id=%s&project=%s".formatted(second.lastId(), slug));
        happens("5");
        await().untilAsserted(() -> assertThat(third.names()).containsExactly("5"));
    }

    @Test
    void anInstanceThatStarts_goesOnWhereAnotherEnded() throws Exception {
        // Given a client of this instance
        Listener client = listen("?project=" + slug);
        happens("1");
        await().until(() -> client.names().size() == 1);
        client.close();
        happens("2");
        // When another one starts, and fills its ring from Kafka
        LiveConfig config = LiveConfigs.of(Map.of());
        Ring ring = new Ring(config);
        EventsConsumer consumer = new EventsConsumer(
                broker,
                new StreamsJob(ring, config, tokens, Clock.systemUTC(), new SimpleMeterRegistry()),
                ring,
                topics,
                treering,
                Clock.systemUTC());
        consumer.start(null);
        try {
            happens("3");
            // Then
            Place place = new Place(client.lastId());
            StringBuilder told = new StringBuilder();
            await().untilAsserted(() -> {
                for (Chunk chunk = ring.read(place, ALL); chunk != null; chunk = ring.read(place, ALL)) {
                    told.append(chunk.buffer());
                }
                assertThat(told.toString().lines().filter(line -> line.startsWith("data: ") && line.contains(slug)))
                        .hasSize(2)
                        .anyMatch(line -> line.contains("\"name\":\"2\""))
                        .anyMatch(line -> line.contains("\"name\":\"3\""));
            });
            assertThat(told.toString()).doesNotContain("event: reset");
        } finally {
            consumer.stop(null);
        }
    }

    @Test
    void whatIsNotKeptAnyMore_isAnsweredByReset_andThenByWhatComes() throws Exception {
        // When
        Listener listener = listen("?project=" + slug, TestStores.TOKEN, "AAAAAAAAAAAAAAAAAAAAAA.0");
        happens("1");
        // Then
        await().untilAsserted(() -> assertThat(listener.told()).hasSize(2));
        assertThat(listener.told().get(0).event()).isEqualTo("reset");
        assertThat(listener.told().get(1).data()).contains("\"name\":\"1\"");
    }

    @Test
    void aQuietStream_staysOpenByItsHeartbeats() throws Exception {
        // Given the server cuts what is idle for three seconds
        Listener listener = listen("?project=" + slug);
        // When
        await().atMost(Duration.ofSeconds(10)).until(() -> listener.comments().size() >= 5);
        happens("1");
        // Then
        await().untilAsserted(() -> assertThat(listener.names()).containsExactly("1"));
        assertThat(listener.ended()).isFalse();
    }

    @Test
    void aToken_seesItsProjectsAlone() throws Exception {
        // Given
        UUID foreign = UUID.randomUUID();
        String token = tokens.create("narrow", List.of(Scope.HISTORY_READ), Set.of(project), null, "test")
                .text();
        Listener listener = listen("", token, null);
        Listener asking = listen("?project=gh/live/" + foreign, token, null);
        // When
        happens("foreign", foreign, "workflow", "main", Outcome.SUCCESS);
        happens("nobody's", null, "workflow", "main", Outcome.SUCCESS);
        happens("own");
        // Then
        await().untilAsserted(() -> assertThat(listener.names()).containsExactly("own"));
        assertThat(asking.names()).isEmpty();
    }

    @Test
    void aTokenThatIsRevoked_orExpires_endsItsStreamSoon() throws Exception {
        // Given
        Tokens.Made revoked = tokens.create("revoked", List.of(Scope.HISTORY_READ), null, null, "test");
        Tokens.Made expired = tokens.create("expired", List.of(Scope.HISTORY_READ), null, null, "test");
        List<Listener> ending = List.of(listen("", revoked.text(), null), listen("", expired.text(), null));
        Listener other = listen("?project=" + slug);
        // When
        tokens.revoke(revoked.token().id());
        database.change(
                "update api_token set expires_at = now() where id = ?",
                expired.token().id());
        // Then
        await().until(() -> ending.stream().allMatch(Listener::ended));
        assertThat(ending)
                .allSatisfy(listener -> assertThat(listener.comments()).contains("Your token does not hold any more"));
        assertThat(other.ended()).isFalse();
    }

    @Test
    void aClientThatDoesNotRead_isLetGo_andOthersGoOn() throws Exception {
        // Given
        Listener reading = listen("?project=" + slug);
        try (Socket dead = new Socket()) {
            dead.setReceiveBufferSize(4096);
            dead.connect(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), RestAssured.port));
            dead.getOutputStream()
                    .write("GET /api/stream?project=%s HTTP/1.1\r\nHost: x\r\nCircle-Token: %s\r\n\r\n"
                            .formatted(slug, TestStores.TOKEN)
                            .getBytes(UTF_8));
            // When more comes than all buffers between take
            String padding = "x".repeat(50_000);
            CompletableFuture<Void> traffic = CompletableFuture.runAsync(() -> {
                try {
                    for (int i = 0; i < 240; i++) {
                        happens(i + " " + padding);
                    }
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            // Then
            traffic.join();
            await().atMost(Duration.ofSeconds(20)).until(() -> reading.told().size() == 240);
            await().untilAsserted(() -> {
                happens("more");
                assertThat(RestAssured.given()
                                .port(Integer.getInteger("quarkus.management.test-port", managementPort()))
                                .get("/q/metrics")
                                .asString())
                        .contains("treering_live_clients 1.0");
            });
            // And when it reads at last, it is told why
            dead.setSoTimeout(5_000);
            String rest = new String(dead.getInputStream().readAllBytes(), UTF_8);
            assertThat(rest).contains(": You did not read for PT1S; come again");
        }
        assertThat(reading.ended()).isFalse();
    }

    private static int managementPort() {
        return org.eclipse.microprofile.config.ConfigProvider.getConfig()
                .getValue("quarkus.management.test-port", Integer.class);
    }
}
