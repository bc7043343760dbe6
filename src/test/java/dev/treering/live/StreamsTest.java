package dev.treering.live;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import dev.treering.security.Pass;
import dev.treering.support.Problem;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** The streams by themselves, at a door of their own. */
class StreamsTest {

    private static final Filter ALL = Filter.of(List.of(), List.of(), List.of(), List.of(), Optional.empty());

    private final Vertx vertx = Vertx.vertx();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final HttpClient http = HttpClient.newHttpClient();
    private StreamsJob streams;
    private Optional<Instant> until = Optional.empty();
    // What a token's look-up takes.
    private CompletableFuture<Void> lookedUp = CompletableFuture.completedFuture(null);
    private final CompletableFuture<RoutingContext> asked = new CompletableFuture<>();
    private int port;

    @BeforeEach
    void open() throws Exception {
        LiveConfig config = LiveConfigs.of(Map.of("treering.live.clients", "2"));
        Ring ring = new Ring(config);
        ring.begin("log", new long[1], new long[1]);
        streams = new StreamsJob(ring, config, null, Clock.systemUTC(), meters);
        Router router = Router.router(vertx);
        router.get().handler(routing -> {
            asked.complete(routing);
            Context loop = Vertx.currentContext();
            lookedUp.thenRun(() -> loop.runOnContext(done -> answer(routing)));
        });
        HttpServer server = vertx.createHttpServer().requestHandler(router);
        port = server.listen(0).toCompletionStage().toCompletableFuture().get().actualPort();
    }

    private void answer(RoutingContext routing) {
        try {
            streams.open(routing, null, ALL, new Pass(Optional.empty(), until));
        } catch (Problem e) {
            routing.response().setStatusCode(e.status()).end();
        }
    }

    @AfterEach
    void close() {
        vertx.close();
    }

    private HttpResponse<InputStream> ask() throws Exception {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://localhost:" + port)).build(), BodyHandlers.ofInputStream());
    }

    private static String rest(HttpResponse<InputStream> stream) throws Exception {
        return CompletableFuture.supplyAsync(() -> {
                    try {
                        return new String(stream.body().readAllBytes(), UTF_8);
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                })
                .get(30, TimeUnit.SECONDS);
    }

    private double open_streams() {
        return meters.get("treering.live.clients").gauge().value();
    }

    @Test
    void aClientMoreThanThereMayBe_isToldToComeAgain_andIsLetInWhenAnotherHasGone() throws Exception {
        // Given
        HttpResponse<InputStream> first = ask();
        ask();
        // When
        int status = ask().statusCode();
        // Then
        assertThat(status).isEqualTo(503);
        first.body().close();
        await().until(() -> ask().statusCode() == 200);
    }

    @Test
    void aStop_dismissesAllStreams_andTakesNoMore() throws Exception {
        // Given
        HttpResponse<InputStream> stream = ask();
        // When
        streams.stop(null);
        // Then
        assertThat(rest(stream)).startsWith("retry: 3000\n\n").endsWith(": This instance stops; come again\n\n");
        assertThat(open_streams()).isZero();
        assertThat(ask().statusCode()).isEqualTo(503);
    }

    @Test
    void aStream_endsWithTheIssuersToken() throws Exception {
        // Given
        until = Optional.of(Instant.now().plusSeconds(1));
        HttpResponse<InputStream> stream = ask();
        // When
        await().until(() -> {
            streams.beat();
            return open_streams() == 0;
        });
        // Then
        assertThat(rest(stream)).contains(":\nid: log.0\n\n").endsWith(": Your token does not hold any more\n\n");
    }

    @Test
    void aClientThatGoesWhileItsTokenIsLookedUp_isNotKept() throws Exception {
        // Given
        lookedUp = new CompletableFuture<>();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(UTF_8));
            asked.get(30, TimeUnit.SECONDS);
        }
        await().until(() -> asked.get().response().closed());
        // When
        lookedUp.complete(null);
        // Then
        await().during(Duration.ofMillis(300)).until(() -> {
            streams.beat();
            return open_streams() == 0;
        });
    }
}
