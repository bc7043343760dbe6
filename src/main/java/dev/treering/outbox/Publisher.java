package dev.treering.outbox;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;

import dev.treering.event.CloudEvent;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.quarkus.logging.Log;
import io.smallrye.common.annotation.Identifier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The one producer. A publication succeeds only when all in-sync replicas have it. {@code max.block.ms=0}: a dead broker
 * must never hold the calling thread, which is an event loop; the price is that a topic whose metadata is not there yet
 * fails at once, so {@link #prepare} fetches it beforehand.
 */
@Singleton
public class Publisher {

    private static final long PROBE_NANOS = Duration.ofSeconds(1).toNanos();

    private final Producer<byte[], byte[]> producer;
    // Open means: the last word of Kafka was a failure. Whoever has another way takes it; a success closes it again.
    private volatile boolean open;
    private final Timer acknowledged;
    private final Timer failed;
    private final AtomicLong nextProbe = new AtomicLong();

    Publisher(
            @Identifier("default-kafka-broker") Map<String, Object> broker, OutboxConfig config, MeterRegistry meters) {
        acknowledged = publications(meters, "acknowledged");
        failed = publications(meters, "failed");
        producer = new KafkaProducer<>(settings(broker, config), new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static Timer publications(MeterRegistry meters, String outcome) {
        return Timer.builder("treering.kafka.publications")
                .description("Time until Kafka has a record, or until we give up")
                .tag("outcome", outcome)
                .register(meters);
    }

    private static Map<String, Object> settings(Map<String, Object> broker, OutboxConfig config) {
        Map<String, Object> settings = new HashMap<>(broker);
        settings.keySet().retainAll(ProducerConfig.configNames());
        settings.put(ProducerConfig.CLIENT_ID_CONFIG, "treering");
        settings.put(ProducerConfig.ACKS_CONFIG, "all");
        settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 0);
        // Metadata that is forgotten after five quiet minutes would make the next record fail at once.
        settings.put(
                ProducerConfig.METADATA_MAX_IDLE_CONFIG, Duration.ofDays(365).toMillis());
        // What comes while a broker has not answered goes to it together next: alone a record waits for nobody, and
        // under load a request carries many. Five requests at once and a linger of 5 ms cost a fifth of the webhooks.
        settings.put(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, 1);
        settings.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        settings.put(ProducerConfig.BATCH_SIZE_CONFIG, 64 * 1024);
        settings.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 1024 * 1024);
        int timeout = (int) config.publishTimeout().toMillis();
        settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, timeout);
        settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, Math.max(1, timeout / 2));
        settings.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 1000);
        return settings;
    }

    /** Publishes the record; never blocks. Fails after the publish timeout at the latest. */
    public CompletableFuture<Void> publish(CloudEvent event) {
        long begun = System.nanoTime();
        CompletableFuture<Void> done = new CompletableFuture<>();
        var headers = new RecordHeaders();
        event.forEachHeader(headers::add);
        try {
            producer.send(
                    new ProducerRecord<>(event.topic(), null, event.keyBytes(), event.value(), headers),
                    (metadata, failure) -> settle(done, begun, failure));
        } catch (KafkaException | IllegalStateException e) {
            settle(done, begun, e);
        }
        return done;
    }

    private void settle(CompletableFuture<Void> done, long begun, Exception failure) {
        (failure == null ? acknowledged : failed).record(System.nanoTime() - begun, TimeUnit.NANOSECONDS);
        // A record that Kafka refuses for good (too large for an operator's topic) says nothing against Kafka.
        boolean answered =
                failure == null || failure instanceof ApiException && !(failure instanceof RetriableException);
        if (open && answered) {
            open = false;
            Log.info("Kafka acknowledges again");
        } else if (!open && !answered) {
            nextProbe.set(System.nanoTime() + PROBE_NANOS);
            open = true;
            Log.warnf("Kafka did not take a record: %s", failure.getMessage());
        }
        if (failure == null) {
            done.complete(null);
        } else {
            done.completeExceptionally(failure);
        }
    }

    /** Whether Kafka's last word was an answer, or nothing was sent yet. */
    public boolean healthy() {
        return !open;
    }

    /** Whether to try, while Kafka does not answer, if it does again: one caller a second may. */
    public boolean worthProbing() {
        long due = nextProbe.get();
        long now = System.nanoTime();
        return now - due >= 0 && nextProbe.compareAndSet(due, now + PROBE_NANOS);
    }

    /** Kafka answers others again and nothing waits for it: the next record may go there first. */
    void reconsider() {
        if (open) {
            open = false;
            Log.info("Kafka answers again");
        }
    }

    /** Fetches a topic's metadata, or waits until {@code patience} is over; says whether it is there. */
    boolean prepare(String topic, Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            try {
                producer.partitionsFor(topic);
                return true;
            } catch (KafkaException notYet) {
                // With max.block.ms=0 the call only asks for the metadata; the answer comes to a later call.
                if (System.nanoTime() > end) {
                    return false;
                }
                Thread.sleep(20);
            }
        }
    }

    @PreDestroy
    void close() {
        producer.close(Duration.ofSeconds(5));
    }
}
