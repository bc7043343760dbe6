package dev.treering.webhook;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Signed;
import dev.treering.TestStores;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.Arguments.arguments;

/**
 * Bodies that were made to harm. Signed and within the limit they are taken as they are, and the history says what they
 * come to; everything else is refused at the door.
 */
@FlowTest
@Tag("F11")
class HostileBodiesTest {

    private static final int LIMIT = 900 * 1024;
    private static final Duration LONGEST_ANSWER = Duration.ofMillis(3500);

    @Inject
    Database database;

    static List<Arguments> signed() {
        return List.of(
                arguments("nothing", "", "unreadable"),
                arguments("one byte", "{", "unreadable"),
                arguments("blanks up to the limit", " ".repeat(LIMIT), "unreadable"),
                arguments("a ping and blanks up to the limit", padded(ping("")), "applied"),
                arguments("invalid UTF-8", ping(",\"x\":\"\u00c3\u0028\u00ff\""), "unreadable"),
                arguments("a byte order mark", "\u00ef\u00bb\u00bf" + ping(""), "applied"),
                arguments("UTF-16", new String(ping("").getBytes(UTF_16), ISO_8859_1), "applied"),
                arguments("a key twice", ping(",\"type\":\"unheard-of\""), "unrecognised"),
                arguments(
                        "arrays 100,000 deep",
                        ping(",\"x\":" + "[".repeat(100_000) + "]".repeat(100_000)),
                        "unreadable"),
                arguments("objects 100,000 deep", ping(",\"x\":" + "{\"a\":".repeat(100_000)), "unreadable"),
                arguments("a number of 900,000 digits", ping(",\"x\":" + "9".repeat(900_000)), "unreadable"),
                arguments(
                        "a pipeline's number of 900,000 digits",
                        ping(",\"pipeline\":{\"number\":" + "9".repeat(900_000) + "}"),
                        "unreadable"),
                arguments("a number beyond every double", ping(",\"pipeline\":{\"number\":1e999999999}"), "unreadable"),
                arguments("a string of 900,000 bytes", ping(",\"x\":\"" + "x".repeat(900_000) + "\""), "applied"),
                arguments("a name of 900,000 bytes", ping(",\"" + "x".repeat(900_000) + "\":1"), "unreadable"),
                arguments("300,000 tokens", ping(",\"x\":[" + "1,".repeat(300_000) + "1]"), "applied"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("signed")
    void signed_body_within_the_limit_is_taken_and_judged_by_the_history(String name, String body, String judgement) {
        // When
        String receipt = Signed.post(body.getBytes(ISO_8859_1))
                .then()
                .statusCode(202)
                .extract()
                .path("receipt");

        // Then
        await().untilAsserted(() -> assertThat(database.value("""
                        select coalesce(d.reason, t.outcome) from trail t left join dead_letter d
                            using (topic, partition, "offset", appended_at) where t.receipt = ?""", receipt)).isEqualTo(judgement));
        assertThat(database.value("select octet_length(body) from trail where receipt = ?", receipt))
                .isEqualTo(Integer.toString(body.length()));
    }

    @Test
    void body_above_the_limit_is_refused_signed_or_not() {
        byte[] above = new byte[LIMIT + 1];
        Signed.post(above).then().statusCode(413);
        post(Map.of(), above).then().statusCode(413);
    }

    /** Refused by its announcement: the bytes themselves never travel. */
    @ParameterizedTest
    @ValueSource(longs = {LIMIT + 1, 10_000_000, 20_000_000, Long.MAX_VALUE})
    void body_that_is_announced_too_long_is_refused_before_it_comes(long length) throws IOException {
        assertThat(answerTo("Content-Length: " + length + "\r\n\r\n")).contains(" 413 ");
    }

    @Test
    void body_of_unknown_length_is_cut_at_the_limit() throws IOException {
        String chunk = "40000\r\n" + "x".repeat(0x40000) + "\r\n";
        assertThat(answerTo("Transfer-Encoding: chunked\r\n\r\n" + chunk.repeat(4)))
                .contains(" 413 ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: -1\r\n\r\n",
                "Content-Length: 1x\r\n\r\n",
                "Content-Length: 99999999999999999999\r\n\r\n",
                "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"
            })
    void body_of_a_length_that_is_none_is_refused(String rest) throws IOException {
        assertThat(answerTo(rest)).contains(" 400 ");
    }

    @Test
    void body_that_falls_apart_ends_the_connection() throws IOException {
        assertThat(answerTo("Transfer-Encoding: chunked\r\n\r\nnonsense\r\n")).isEmpty();
    }

    @Test
    void body_that_would_swell_is_refused_unopened() throws IOException {
        ByteArrayOutputStream bomb = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bomb)) {
            for (int i = 0; i < 100; i++) {
                gzip.write(new byte[1_000_000]);
            }
        }
        byte[] body = bomb.toByteArray();
        String signature = "v1=" + Signed.signature(body, TestStores.SECRET);
        for (String encoding : List.of("gzip", "deflate", "br", "identity, gzip")) {
            post(Map.of("content-encoding", encoding, "circleci-signature", signature), body)
                    .then()
                    .statusCode(415);
        }
        assertThat(body).hasSizeLessThan(LIMIT);
    }

    @Test
    @Tag("F10")
    void signature_of_ten_thousand_commas_is_refused_like_any_other() {
        post(Map.of("circleci-signature", ",".repeat(10_000)), ping("").getBytes(UTF_8))
                .then()
                .statusCode(401);
    }

    @Test
    void honest_senders_are_served_beside_sixty_four_hostile_ones() throws Exception {
        // Given
        byte[] deep = padded(ping(",\"x\":" + "[".repeat(400_000))).getBytes(ISO_8859_1);
        ExecutorService hostile = Executors.newFixedThreadPool(64);
        try {
            List<Future<String>> answers = Stream.generate(() -> hostile.submit(() -> unsigned(deep)))
                    .limit(192)
                    .toList();
            // When
            List<Duration> times = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                long begun = System.nanoTime();
                Signed.post(ping("").getBytes(UTF_8)).then().statusCode(202);
                times.add(Duration.ofNanos(System.nanoTime() - begun));
            }
            // Then
            assertThat(times).allMatch(time -> time.compareTo(LONGEST_ANSWER) < 0);
            for (Future<String> answer : answers) {
                assertThat(answer.get()).isEqualTo("HTTP/1.1 401");
            }
        } finally {
            hostile.shutdownNow();
        }
    }

    private static String unsigned(byte[] body) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", RestAssured.port)) {
            OutputStream out = socket.getOutputStream();
            out.write(
                    ("POST /webhooks/circleci HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
                                    + body.length + "\r\n\r\n")
                            .getBytes(ISO_8859_1));
            out.write(body);
            return new String(socket.getInputStream().readNBytes(12), ISO_8859_1);
        }
    }

    private static String ping(String more) {
        return "{\"type\":\"ping\",\"id\":\"%s\",\"happened_at\":\"2026-11-20T10:00:00Z\"%s}"
                .formatted(UUID.randomUUID(), more);
    }

    private static String padded(String text) {
        byte[] padded = new byte[LIMIT];
        Arrays.fill(padded, (byte) ' ');
        System.arraycopy(text.getBytes(ISO_8859_1), 0, padded, 0, text.length());
        return new String(padded, ISO_8859_1);
    }

    private static Response post(Map<String, String> headers, byte[] body) {
        RequestSpecification request = given().contentType("application/json");
        headers.forEach(request::header);
        return request.body(body).post("/webhooks/circleci");
    }

    private static String answerTo(String rest) throws IOException {
        try (SlowSender sender = SlowSender.to(RestAssured.port)) {
            sender.send("POST /webhooks/circleci HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + rest);
            return sender.firstLine();
        }
    }
}
