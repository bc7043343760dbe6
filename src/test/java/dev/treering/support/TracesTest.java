package dev.treering.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URL;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;

import jakarta.inject.Inject;

import com.sun.net.httpserver.HttpServer;
import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Signed;
import dev.treering.TestStores;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.restassured.specification.RequestSpecification;
import org.junit.jupiter.api.Test;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** With an endpoint set, what one webhook brings about is one trace. */
@FlowTest
@WithTestResource(TracesTest.Collector.class)
class TracesTest {

    /** A span that came to the collector. */
    private record Sent(String trace, String name) {}

    /** Where the spans go: other people's server that speaks OTLP. */
    public static class Collector implements QuarkusTestResourceLifecycleManager {

        private static final List<Sent> SPANS = new CopyOnWriteArrayList<>();

        private HttpServer collector;

        @Override
        public Map<String, String> start() {
            try {
                collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
                collector.createContext("/v1/traces", exchange -> {
                    read(ByteBuffer.wrap(exchange.getRequestBody().readAllBytes()));
                    exchange.sendResponseHeaders(200, -1);
                    exchange.close();
                });
                collector.start();
                return Map.of(
                        "quarkus.otel.exporter.otlp.endpoint",
                        "http://127.0.0.1:" + collector.getAddress().getPort(),
                        "quarkus.otel.exporter.otlp.protocol",
                        "http/protobuf",
                        "quarkus.otel.bsp.schedule.delay",
                        "100ms");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void stop() {
            collector.stop(0);
        }

        /** Of OTLP's message: resource spans (1), scope spans (2), spans (2), and of these trace id (1) and name (5). */
        private static void read(ByteBuffer request) {
            each(
                    request,
                    (resource, spans) -> each(spans, (scope, inScope) -> {
                        if (scope == 2) {
                            each(inScope, (number, span) -> {
                                if (number == 2) {
                                    String[] found = new String[2];
                                    each(span, (field, value) -> {
                                        byte[] bytes = new byte[value.remaining()];
                                        value.get(bytes);
                                        if (field == 1) {
                                            found[0] = HexFormat.of().formatHex(bytes);
                                        } else if (field == 5) {
                                            found[1] = new String(bytes, UTF_8);
                                        }
                                    });
                                    SPANS.add(new Sent(found[0], found[1]));
                                }
                            });
                        }
                    }));
        }

        /** Each field of a protobuf message that has bytes. */
        private static void each(ByteBuffer message, BiConsumer<Integer, ByteBuffer> field) {
            while (message.hasRemaining()) {
                long tag = varint(message);
                switch ((int) tag & 7) {
                    case 0 -> varint(message);
                    case 1 -> message.position(message.position() + 8);
                    case 5 -> message.position(message.position() + 4);
                    default -> {
                        int length = (int) varint(message);
                        field.accept((int) (tag >> 3), message.slice(message.position(), length));
                        message.position(message.position() + length);
                    }
                }
            }
        }

        private static long varint(ByteBuffer message) {
            long value = 0;
            for (int shift = 0; ; shift += 7) {
                byte next = message.get();
                value |= (long) (next & 0x7f) << shift;
                if (next >= 0) {
                    return value;
                }
            }
        }
    }

    @Inject
    Database database;

    @TestHTTPResource(value = "/metrics", management = true)
    URL metrics;

    private static RequestSpecification asked() {
        return given().header("Circle-Token", TestStores.TOKEN).contentType("application/json");
    }

    @Test
    void aWebhookAndWhatFollowsFromIt_areOneTrace() {
        // Given somebody who is told
        UUID project = UUID.randomUUID();
        String slug = "acme/" + project;
        String path = "/traced-" + project;
        String channel = asked().body("""
                        {"name": "%s", "kind": "webhook", "url": "%s"}""".formatted(path, TestStores.receiver().url(path)))
                .post("/api/notifications/channels")
                .then()
                .statusCode(201)
                .extract()
                .path("id");
        asked().body("""
                        {"name": "%s", "kind": "started_failing", "project": "gh/%s", "channels": ["%s"]}""".formatted(path, slug, channel))
                .post("/api/notifications/rules")
                .then()
                .statusCode(201);
        // When
        Instant now = Instant.now();
        UUID workflow = UUID.randomUUID();
        Signed.post("""
                        {"type": "workflow-completed", "id": "%s", "happened_at": "%s",
                         "webhook": {"id": "9f6b2c1a-0000-4000-8000-000000000001", "name": "test"},
                         "project": {"id": "%s", "name": "web", "slug": "github/%s"},
                         "workflow": {"id": "%s", "name": "build", "status": "failed", "created_at": "%s", "stopped_at": "%s",
                           "url": "https://app.circleci.com/w"},
                         "pipeline": {"id": "%s", "number": 1, "created_at": "%s", "trigger": {"type": "webhook"},
                           "vcs": {"branch": "main"}}}""".formatted(UUID.randomUUID(), now, project, slug, workflow, now, now, UUID.randomUUID(), now)
                        .getBytes(UTF_8))
                .then()
                .statusCode(202);
        await().until(() -> !TestStores.receiver().received(path).isEmpty());
        // Then
        await().untilAsserted(() -> {
            String trace = database.value(
                    "select split_part(trace, '-', 2) from enrichment_task where entity_id = ?", workflow);
            Set<String> names = Collector.SPANS.stream()
                    .filter(span -> span.trace.equals(trace))
                    .map(Sent::name)
                    .collect(Collectors.toSet());
            assertThat(names)
                    .anyMatch(name -> name.startsWith("POST"))
                    .contains("history", "enrichment", "enrich", "GET /workflow/{id}", "notification", "notify");
        });
        // And the metrics name traces as examples
        assertThat(given().get(metrics).then().statusCode(200).extract().asString())
                .contains("trace_id=\"");
    }
}
