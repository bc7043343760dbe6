package dev.treering.webhook;

import java.io.IOException;
import java.net.Socket;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import java.util.UUID;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.Examples;
import dev.treering.Signed;
import dev.treering.TestStores;
import dev.treering.embedded.EmbeddedDatabase;
import dev.treering.embedded.EmbeddedDatabase.Durability;
import dev.treering.embedded.EmbeddedKafka;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItems;

/** Stops the stores under the running service, one after the other. */
@QuarkusTest
@WithTestResource(OutboxFallbackTest.Stoppable.class)
class OutboxFallbackTest {

    private static final Duration LONGEST_ANSWER = Duration.ofMillis(3500);

    @Inject
    Database database;

    @TestHTTPResource(value = "/health", management = true)
    URL health;

    private static byte[] ping() {
        return "{\"type\":\"ping\",\"id\":\"%s\",\"happened_at\":\"2026-11-20T10:00:00Z\"}"
                .formatted(UUID.randomUUID())
                .getBytes(UTF_8);
    }

    private static Response timed(byte[] body) {
        long begun = System.nanoTime();
        Response answer = Signed.post(body);
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(LONGEST_ANSWER);
        return answer;
    }

    @Test
    void aWebhook_isTakenWhileEitherStoreIs() {
        // Given a service that works
        String before = timed(ping()).then().statusCode(202).extract().path("receipt");
        awaitTrail(before);

        // When the broker is away
        Stoppable.kafka.close();
        // Then that is named although nobody sends anything
        named("kafka");
        List<String> receipts = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            receipts.add(timed(ping()).then().statusCode(202).extract().path("receipt"));
        }
        act().statusCode(404);
        // Then PostgreSQL has them, and it is said
        assertThat(database.count("select count(*) from outbox where topic = 'treering.acts'"))
                .isEqualTo(2);
        assertThat(database.count("select count(*) from outbox where topic = 'circleci.webhooks'"))
                .isEqualTo(5);
        RestAssured.get("http://localhost:" + RestAssured.port + "/q/health")
                .then()
                .statusCode(404);
        ready(200);

        // When it is back
        Stoppable.startKafka();
        // Then they reach the history by themselves, and nothing is named any more
        nothingNamed();
        receipts.forEach(this::awaitTrail);
        await().untilAsserted(() ->
                assertThat(database.count("select count(*) from outbox")).isZero());

        // When PostgreSQL is away
        Stoppable.database.close();
        // Then that is named, and Kafka takes them
        named("postgresql");
        String withoutDatabase = timed(ping()).then().statusCode(202).extract().path("receipt");
        ready(200);
        // And who cannot be looked up is told so, while the bootstrap token gets in
        withToken("trt_" + "A".repeat(43)).statusCode(503).header("Retry-After", "5");
        withToken("e30.e30.AAAA").statusCode(503).header("Retry-After", "5");
        withToken(TestStores.TOKEN).statusCode(200).body("state", equalTo("degraded"));

        // When both are away
        Stoppable.kafka.close();
        // Then both are named, and nothing is promised
        named("kafka", "postgresql");
        Response refused = timed(ping());
        refused.then().statusCode(503).header("Retry-After", "5").contentType("application/problem+json");
        act().statusCode(503).header("Retry-After", "5").body("detail", containsString("it was not done"));
        Examples.seen("Webhook_receive", refused);
        Examples.seen("Webhook_receiveAt", refused);
        ready(503);

        // When both are back
        Stoppable.startDatabase();
        Stoppable.startKafka();
        // Then what was promised is there
        awaitTrail(withoutDatabase);
        nothingNamed();
        assertThat(database.count("select count(*) from dead_letter")).isZero();
    }

    /** Something that a person has us do. */
    private static ValidatableResponse act() {
        return RestAssured.given()
                .header("Circle-Token", TestStores.TOKEN)
                .delete("/api/backfills/" + UUID.randomUUID())
                .then();
    }

    @Test
    void tooManyBytesUnderWay_areAskedToComeAgain() throws IOException {
        // Given two senders that do not finish
        try (Socket first = slowly(600_000);
                Socket second = slowly(400_000)) {
            // When one more comes
            await().untilAsserted(() -> {
                byte[] large = new byte[100_000];
                Response refused = Signed.post(large);
                refused.then().statusCode(429).header("Retry-After", "5");
                Examples.seen("Webhook_receive", refused);
                Examples.seen("Webhook_receiveAt", refused);
            });
            assertThat(first.isConnected() && second.isConnected()).isTrue();
        }
        // Then, when they are gone, there is room again
        await().untilAsserted(() -> Signed.post(ping()).then().statusCode(202));
    }

    @Test
    @Tag("F12")
    void aBodyThatDribbles_isCut() throws IOException {
        try (Socket sender = slowly(1000)) {
            sender.setSoTimeout(10_000);
            String answer = new Scanner(sender.getInputStream(), UTF_8)
                    .useDelimiter("(?<=})")
                    .next();
            assertThat(answer).startsWith("HTTP/1.1 408");
            String problem = answer.substring(answer.indexOf("\r\n\r\n"));
            Examples.keep("Webhook_receive", "408", problem);
            Examples.keep("Webhook_receiveAt", "408", problem);
        }
    }

    /** Sends the beginning of a body that is announced as a longer one. */
    private static Socket slowly(int bytes) throws IOException {
        Socket socket = new Socket("127.0.0.1", RestAssured.port);
        socket.getOutputStream()
                .write(("POST /webhooks/circleci HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                                + "Content-Length: 900000\r\n\r\n")
                        .getBytes(UTF_8));
        socket.getOutputStream().write(new byte[bytes]);
        socket.getOutputStream().flush();
        return socket;
    }

    private static ValidatableResponse withToken(String token) {
        return RestAssured.given()
                .header("Authorization", "Bearer " + token)
                .get("/api/status")
                .then();
    }

    private static void named(String... parts) {
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> withToken(TestStores.TOKEN).body("failing", hasItems(parts)));
    }

    private static void nothingNamed() {
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() ->
                        withToken(TestStores.TOKEN).body("failing", empty()).body("state", equalTo("ok")));
    }

    private void ready(int status) {
        RestAssured.get(health + "/ready").then().statusCode(status);
        // Being alive has nothing to do with the stores
        RestAssured.get(health + "/live").then().statusCode(200);
    }

    private void awaitTrail(String receipt) {
        await().atMost(Duration.ofSeconds(60))
                .ignoreExceptions()
                .untilAsserted(() -> assertThat(database.value("select outcome from trail where receipt = ?", receipt))
                        .isEqualTo("applied"));
    }

    /** Stores that a test can stop and start again where they were. */
    public static class Stoppable implements QuarkusTestResourceLifecycleManager {

        private static Path folder;
        private static EmbeddedKafka kafka;
        private static EmbeddedDatabase database;
        private static int kafkaPort;
        private static int databasePort;

        @Override
        public Map<String, String> start() {
            try {
                folder = Files.createTempDirectory("treering-stoppable-");
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            startKafka();
            startDatabase();
            kafkaPort = port(kafka.bootstrapServers());
            databasePort = port(database.jdbcUrl().replaceAll("/[^/]*$", ""));
            return Map.ofEntries(
                    Map.entry("kafka.bootstrap.servers", kafka.bootstrapServers()),
                    Map.entry("quarkus.datasource.jdbc.url", database.jdbcUrl()),
                    Map.entry("quarkus.datasource.username", database.username()),
                    Map.entry("quarkus.datasource.password", database.password()),
                    Map.entry("quarkus.datasource.owner.username", database.owner()),
                    Map.entry("quarkus.datasource.owner.password", database.password()),
                    Map.entry("quarkus.http.test-port", "0"),
                    Map.entry("quarkus.management.test-port", "0"),
                    Map.entry("treering.webhook.secrets", TestStores.SECRET),
                    Map.entry("treering.security.bootstrap-token", TestStores.TOKEN),
                    // An issuer that is away from the start
                    Map.entry("quarkus.oidc.tenant-enabled", "true"),
                    Map.entry("quarkus.oidc.auth-server-url", "http://127.0.0.1:1"),
                    Map.entry("treering.webhook.body-timeout", "3s"),
                    Map.entry("treering.webhook.max-bytes-in-flight", "1M"));
        }

        private static int port(String address) {
            return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
        }

        static void startKafka() {
            kafka = EmbeddedKafka.start(folder.resolve("kafka"), kafkaPort);
        }

        static void startDatabase() {
            database = EmbeddedDatabase.start(folder.resolve("postgres"), databasePort, Durability.PROCESS_EXIT);
        }

        @Override
        public void stop() {
            kafka.close();
            database.close();
        }
    }
}
