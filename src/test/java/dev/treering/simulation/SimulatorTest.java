package dev.treering.simulation;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class SimulatorTest {

    private static final String SECRET = "secret";

    private final Scenarios scenarios = new Scenarios(1);
    private final Deque<Integer> refusals = new ConcurrentLinkedDeque<>();
    private final Queue<Post> posts = new ConcurrentLinkedQueue<>();
    private HttpServer door;
    private CircleCiStub stub;
    private Simulator simulator;

    private record Post(String type, String signature, String agent, String body) {}

    @BeforeEach
    void start() throws IOException {
        door = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        door.createContext("/webhooks/circleci", this::receive);
        door.start();
        stub = CircleCiStub.start("a-token", Clock.systemUTC());
        URI address = URI.create("http://127.0.0.1:" + door.getAddress().getPort() + "/webhooks/circleci");
        simulator = new Simulator(stub, new WebhookSender(address, SECRET), Clock.systemUTC());
    }

    @AfterEach
    void stop() {
        simulator.close();
        stub.close();
        door.stop(0);
    }

    @Test
    void a_run_goes_through_the_door_signed() throws Exception {
        // Given
        Run run = scenarios.approved(2, Instant.parse("2026-03-25T17:12:20Z"));

        // When
        simulator.play(run);

        // Then
        assertThat(posts)
                .extracting(Post::body)
                .containsExactlyElementsOf(
                        Webhooks.of(run).stream().map(Delivery::body).toList());
        assertThat(posts).allSatisfy(post -> {
            assertThat(post.signature()).isEqualTo("v1=" + Delivery.sign(SECRET, post.body()));
            assertThat(post.agent()).isEqualTo("CircleCI-Webhook/1.0");
            assertThat(post.body()).contains("\"type\":\"" + post.type() + "\"");
        });
    }

    @Test
    void a_refused_webhook_comes_again_until_it_is_accepted() throws Exception {
        // Given
        refusals.addAll(List.of(503, 500));

        // When
        simulator.play(scenarios.approved(2, Instant.parse("2026-03-25T17:12:20Z")));

        // Then
        assertThat(posts).hasSize(5);
        assertThat(posts.stream().limit(3).map(Post::body).distinct()).hasSize(1);
    }

    @Test
    void the_history_comes_at_once_and_live_runs_follow() {
        // Given
        Queue<Long> indexes = new ConcurrentLinkedQueue<>();

        // When
        simulator.start(scenarios, 0, Duration.ofMillis(50), indexes::add);

        // Then
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(indexes).hasSizeGreaterThan(62).startsWith(0L, 1L, 2L));
    }

    private void receive(HttpExchange exchange) throws IOException {
        try (exchange) {
            posts.add(new Post(
                    exchange.getRequestHeaders().getFirst("circleci-event-type"),
                    exchange.getRequestHeaders().getFirst("circleci-signature"),
                    exchange.getRequestHeaders().getFirst("user-agent"),
                    new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
            Integer refusal = refusals.pollFirst();
            exchange.sendResponseHeaders(refusal == null ? 202 : refusal, -1);
        }
    }
}
