package dev.treering.support;

import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

import static java.util.Optional.empty;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

class StageTest {

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private Instant now = Instant.parse("2026-11-26T10:00:00Z");
    private final Clock clock = ((InstantSource) () -> now).withZone(ZoneOffset.UTC);
    private final Stage stage = new Stages(meters, Traces.off(), clock).named("history");

    private double lag() {
        return meters.get("treering.stage.lag").tag("stage", "history").gauge().value();
    }

    private static ConsumerRecord<byte[], byte[]> record(Instant at) {
        return new ConsumerRecord<>(
                "topic",
                0,
                0,
                at.toEpochMilli(),
                TimestampType.LOG_APPEND_TIME,
                0,
                0,
                null,
                null,
                new RecordHeaders(),
                empty());
    }

    @Test
    void lag_isTheAgeOfTheOldestInHand_andForAMinuteThatOfTheLastBatch() throws InterruptedException {
        // Given
        assertThat(lag()).isZero();
        var batch = new ConsumerRecords<>(
                Map.of(
                        new TopicPartition("topic", 0),
                        List.of(record(now.minusSeconds(3)), record(now.minusSeconds(7)))),
                Map.of());
        // When it waits
        stage.work(batch, () -> {
            assertThat(lag()).isEqualTo(7);
            now = now.plusSeconds(90);
            assertThat(lag()).isEqualTo(97);
        });
        // Then
        assertThat(lag()).isEqualTo(97);
        now = now.plusSeconds(59);
        assertThat(lag()).isEqualTo(97);
        now = now.plusSeconds(2);
        assertThat(lag()).isZero();
        assertThat(meters.get("treering.stage.records").counter().count()).isEqualTo(2);
    }

    @Test
    void aStageThatFails_hasEnded_andIsSaidToHave() throws InterruptedException {
        // Given
        Stages stages = new Stages(meters, Traces.off(), clock);
        Stage notification = stages.named("notification");
        stages.named("enrichment").work(ConsumerRecords.empty(), () -> {});
        assertThat(stages.ended()).isEmpty();
        // When it stops with the service
        assertThatThrownBy(() -> notification.work(ConsumerRecords.empty(), () -> {
                    throw new CancellationException("stopped while it waited");
                }))
                .hasMessage("stopped while it waited");
        assertThat(stages.ended()).isEmpty();
        // When it fails
        assertThatThrownBy(() -> notification.work(ConsumerRecords.empty(), () -> {
                    throw new IllegalStateException("no such thing");
                }))
                .hasMessage("no such thing");
        // Then
        assertThat(stages.ended())
                .containsExactly(entry("notification", "java.lang.IllegalStateException: no such thing"));
        assertThat(meters.get("treering.stage.failures")
                        .tag("stage", "notification")
                        .counter()
                        .count())
                .isEqualTo(1);
    }
}
