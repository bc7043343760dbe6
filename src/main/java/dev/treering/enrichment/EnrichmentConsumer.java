package dev.treering.enrichment;

import java.io.IOException;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.treering.event.Webhook;
import dev.treering.support.Json;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.common.annotation.Blocking;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/** Turns webhooks into tasks and acknowledges at once. */
@ApplicationScoped
public class EnrichmentConsumer {

    private static final ObjectReader WEBHOOK = Json.CIRCLECI.readerFor(Webhook.class);
    private static final int LONGEST_WAIT_SECONDS = 5;

    private final Tasks tasks;
    private final CountDownLatch stopping = new CountDownLatch(1);

    EnrichmentConsumer(Tasks tasks) {
        this.tasks = tasks;
    }

    @Incoming("enrichment")
    @Blocking
    void consume(ConsumerRecords<byte[], byte[]> records) throws InterruptedException {
        Map<Task.Key, Task> named = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            for (Task task : namedBy(record.value())) {
                named.merge(task.key(), task, (a, b) -> a.namedAt().isBefore(b.namedAt()) ? b : a);
            }
        }
        for (int attempt = 1; !named.isEmpty(); attempt++) {
            try {
                tasks.name(named.values());
                return;
            } catch (SQLException e) {
                Log.warnf("Enrichment waits for the database with %d tasks: %s", named.size(), e.getMessage());
                if (stopping.await(Math.min(attempt, LONGEST_WAIT_SECONDS), TimeUnit.SECONDS)) {
                    throw new IllegalStateException("Stopped while waiting; the webhooks stay in Kafka", e);
                }
            }
        }
    }

    private static List<Task> namedBy(byte[] body) {
        try {
            Webhook webhook = body == null ? null : WEBHOOK.readValue(body);
            return webhook == null ? List.of() : Task.namedBy(webhook);
        } catch (IOException | IllegalArgumentException unreadable) {
            // The history makes a dead letter of it; here there is nothing to ask for.
            return List.of();
        }
    }

    void stop(@Observes ShutdownEvent event) {
        stopping.countDown();
    }
}
