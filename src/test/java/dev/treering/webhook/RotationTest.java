package dev.treering.webhook;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

import dev.treering.FlowTest;
import dev.treering.MountedSecret;
import dev.treering.Signed;
import dev.treering.TestStores;
import io.restassured.RestAssured;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** Rotates the secret of an endpoint while many senders use it. */
@FlowTest
class RotationTest {

    private static final int SENDERS_PER_SECRET = 6;

    /** The secrets are read anew every second in the tests; the rest is a slow machine's. */
    private static final Duration BOUND = Duration.ofSeconds(1).plusSeconds(4);

    private record Sent(String secret, int status, long begun, long ended) {}

    private final MountedSecret mounted = TestStores.mounted();
    private final Queue<Sent> sent = new ConcurrentLinkedQueue<>();
    private final ExecutorService senders = Executors.newCachedThreadPool();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @AfterEach
    void stop_the_senders() throws InterruptedException {
        senders.shutdownNow();
        assertThat(senders.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        mounted.update(TestStores.ROTATING_SECRET);
    }

    @RepeatedTest(2)
    @Tag("F15")
    void rotation_under_load_refuses_no_valid_signature_and_accepts_none_of_a_removed_secret() {
        // Given
        String old = TestStores.ROTATING_SECRET;
        String young = "rotated-" + UUID.randomUUID();
        keepSending(old);
        await().atMost(BOUND).until(() -> count(accepted(old)) > 0);
        long opened = System.nanoTime();

        // When the new secret joins
        mounted.update(old, young);
        keepSending(young);
        await().atMost(BOUND).until(() -> count(accepted(young)) > 0);
        long joined = System.nanoTime();
        // and, after both were in use, the old one leaves
        await().until(() -> count(accepted(young)) >= 200 && count(accepted(old)) >= 200);
        long leaving = System.nanoTime();
        mounted.update(young);
        await().atMost(BOUND).until(() -> count(refused(old).and(since(leaving))) > 0);
        long left = System.nanoTime();
        await().until(() -> count(refused(old).and(since(left))) >= 200
                && count(accepted(young).and(since(left))) >= 200);

        // Then
        assertThat(count(refused(old).and(since(opened)).and(request -> request.ended < leaving)))
                .isZero();
        assertThat(count(refused(young).and(since(joined)))).isZero();
        assertThat(count(accepted(old).and(since(left)))).isZero();
        assertThat(sent).extracting(Sent::status).containsOnly(202, 401);
    }

    private void keepSending(String secret) {
        for (int i = 0; i < SENDERS_PER_SECRET; i++) {
            senders.execute(() -> {
                while (!Thread.currentThread().isInterrupted()) {
                    send(secret);
                }
            });
        }
    }

    private void send(String secret) {
        byte[] body = "{\"type\":\"ping\",\"id\":\"%s\",\"happened_at\":\"2026-11-20T10:00:00Z\"}"
                .formatted(UUID.randomUUID())
                .getBytes(UTF_8);
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://localhost:" + RestAssured.port + "/webhooks/circleci/rotating"))
                .header("content-type", "application/json")
                .header("circleci-signature", "v1=" + Signed.signature(body, secret))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        long begun = System.nanoTime();
        try {
            int status = http.send(request, BodyHandlers.discarding()).statusCode();
            sent.add(new Sent(secret, status, begun, System.nanoTime()));
        } catch (IOException e) {
            sent.add(new Sent(secret, 0, begun, System.nanoTime()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Predicate<Sent> accepted(String secret) {
        return request -> request.secret.equals(secret) && request.status == 202;
    }

    private static Predicate<Sent> refused(String secret) {
        return request -> request.secret.equals(secret) && request.status == 401;
    }

    private static Predicate<Sent> since(long time) {
        return request -> request.begun > time;
    }

    private long count(Predicate<Sent> wanted) {
        return sent.stream().filter(wanted).count();
    }
}
