package dev.treering.webhook;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.UUID;

import dev.treering.FlowTest;
import dev.treering.Signed;
import io.restassured.RestAssured;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

/** Slow senders at the door itself, where the tests' idle timeout is 3 s. */
@FlowTest
@Tag("F12")
class SlowSendersTest {

    private static final int IDLE_CONNECTIONS = 2000;
    private static final Duration LONGEST_ANSWER = Duration.ofMillis(3500);
    private static final Duration SOON = Duration.ofSeconds(6);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "POST /webhooks/circleci",
                "POST /webhooks/circleci HTTP/1.1\r\nHost: x\r\nX-Slow: ",
                "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\nGET ",
                // HTTP/2 without more ado: the preface, empty settings, the begin of a frame of 15,872 bytes of headers
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\76\0\1\0\0\0\0\1"
            })
    void head_that_dribbles_is_cut(String before) throws IOException {
        try (SlowSender sender = SlowSender.to(RestAssured.port)) {
            sender.send(before);
            assertThat(sender.dribble("x")).isLessThan(SOON);
        }
    }

    @Test
    void bounds_of_connections_are_part_of_the_product() throws IOException {
        // Where no test and no user says otherwise
        Properties shipped = new Properties();
        try (InputStream file = getClass().getResourceAsStream("/application.properties")) {
            shipped.load(file);
        }
        assertThat(shipped)
                .containsEntry("quarkus.http.idle-timeout", "15s")
                .containsEntry("quarkus.management.idle-timeout", "15s")
                .containsEntry("quarkus.http.limits.max-connections", "5000")
                .containsEntry("quarkus.http.http2", "false");
    }

    @Test
    void connection_in_use_stays_open() throws IOException {
        try (SlowSender sender = SlowSender.to(RestAssured.port)) {
            // Together longer than the idle timeout, with pauses below it
            for (int i = 0; i < 5; i++) {
                sender.send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
                assertThat(sender.receive(Duration.ofSeconds(1))).startsWith("HTTP/1.1 404");
            }
        }
    }

    @Test
    void body_that_never_begins_is_cut() throws IOException {
        try (SlowSender sender = SlowSender.to(RestAssured.port)) {
            sender.send("POST /webhooks/circleci HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 10\r\n\r\n");
            assertThat(sender.idle()).isLessThan(SOON);
        }
    }

    @Test
    void head_that_is_too_large_is_refused() throws IOException {
        try (SlowSender sender = SlowSender.to(RestAssured.port)) {
            sender.send("POST /webhooks/circleci HTTP/1.1\r\nHost: x\r\n" + "X-Many: x\r\n".repeat(3_000) + "\r\n");
            assertThat(sender.receive(SOON)).contains(" 431 ");
        }
        try (SlowSender sender = SlowSender.to(RestAssured.port)) {
            sender.send("POST /webhooks/circleci?" + "x".repeat(5_000));
            assertThat(sender.receive(SOON)).contains(" 414 ");
        }
    }

    @Test
    void honest_senders_are_served_beside_two_thousand_idle_connections() throws IOException {
        // Given
        List<SlowSender> idle = new ArrayList<>();
        try {
            for (int i = 0; i < IDLE_CONNECTIONS; i++) {
                SlowSender sender = SlowSender.to(RestAssured.port);
                idle.add(sender);
                sender.send("POST ");
            }
            for (int i = 0; i < 20; i++) {
                // When
                byte[] ping = "{\"type\":\"ping\",\"id\":\"%s\",\"happened_at\":\"2026-11-20T10:00:00Z\"}"
                        .formatted(UUID.randomUUID())
                        .getBytes(UTF_8);
                long begun = System.nanoTime();
                Signed.post(ping).then().statusCode(202);
                // Then
                assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(LONGEST_ANSWER);
            }
            for (SlowSender sender : idle) {
                assertThat(sender.idle()).isLessThan(SOON);
            }
        } finally {
            for (SlowSender sender : idle) {
                sender.close();
            }
        }
    }
}
