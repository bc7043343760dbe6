package dev.treering.support;

import java.net.URL;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Signed;
import io.prometheus.client.exemplars.ExemplarSampler;
import io.quarkus.test.common.http.TestHTTPResource;
import io.restassured.RestAssured;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

@FlowTest
class AccountingTest {

    @Inject
    Database database;

    @Inject
    Optional<ExemplarSampler> exemplars;

    @TestHTTPResource(value = "/metrics", management = true)
    URL metrics;

    /** The sum of a metric over the labels that contain the text, as a scrape shows it. */
    private double sum(String name, String label) {
        return RestAssured.get(metrics)
                .asString()
                .lines()
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .filter(line -> line.contains(label))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    @Test
    void whereNothingIsTraced_countingLooksForNoTrace() {
        assertThat(exemplars).isEmpty();
    }

    @Test
    @Tag("F16")
    void aWebhookFromTheFuture_isTakenAndCountedAsSkewed() {
        // Given
        double before = sum("treering_webhooks_skewed_total", "");
        // When
        Signed.post("{\"type\":\"ping\",\"id\":\"%s\",\"happened_at\":\"2099-01-01T00:00:00Z\"}"
                        .formatted(UUID.randomUUID())
                        .getBytes(UTF_8))
                .then()
                .statusCode(202);
        // Then
        await().untilAsserted(() ->
                assertThat(sum("treering_webhooks_skewed_total", "")).isEqualTo(before + 1));
    }

    /** Rows of the trail without a count, and dead ones: a database that was killed in the middle of a commit leaves some. */
    private List<Double> uncounted() {
        return List.of(
                database.count("select count(*) from trail") - sum("treering_trail_entries_total", ""),
                database.count("select count(*) from dead_letter") - sum("treering_trail_entries_total", "dead"));
    }

    @Test
    void theCounts_addUp() {
        // Given what the tests before it left, when nothing of theirs is on its way any more
        AtomicReference<List<Double>> before = new AtomicReference<>(uncounted());
        await().during(Duration.ofSeconds(1))
                .atMost(Duration.ofSeconds(30))
                .until(() -> uncounted().equals(before.getAndSet(uncounted())));
        // Given one webhook of every kind: new, doubled, unreadable, unsigned
        byte[] ping = "{\"type\":\"ping\",\"id\":\"%s\",\"happened_at\":\"2026-11-20T10:00:00Z\"}"
                .formatted(UUID.randomUUID())
                .getBytes(UTF_8);
        Signed.post(ping).then().statusCode(202);
        Signed.post(ping).then().statusCode(202);
        Signed.post("[]".getBytes(UTF_8)).then().statusCode(202);
        Signed.post("/webhooks/circleci", ping, "another secret").then().statusCode(401);
        // Then
        await().untilAsserted(() -> {
            double received = sum("treering_webhooks_received_total", "");
            assertThat(received).isGreaterThanOrEqualTo(4);
            assertThat(received)
                    .isEqualTo(sum("treering_webhooks_published_total", "")
                            + sum("treering_webhooks_outboxed_total", "")
                            + sum("treering_webhooks_refused_total", ""));
            double entries = sum("treering_trail_entries_total", "");
            assertThat(entries)
                    .isEqualTo(sum("treering_trail_entries_total", "applied")
                            + sum("treering_trail_entries_total", "duplicate")
                            + sum("treering_trail_entries_total", "dead"));
            assertThat(uncounted()).isEqualTo(before.get());
            assertThat(sum("treering_trail_entries_total", "duplicate")).isPositive();
            assertThat(sum("treering_freshness_seconds_count", "until=\"readable\""))
                    .isPositive();
        });
    }
}
