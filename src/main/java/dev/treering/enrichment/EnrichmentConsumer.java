package dev.treering.enrichment;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import jakarta.enterprise.context.ApplicationScoped;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.treering.event.Webhook;
import dev.treering.support.Json;
import dev.treering.support.Patience;
import io.smallrye.reactive.messaging.annotations.Blocking;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/** Turns webhooks into tasks and acknowledges at once. */
@ApplicationScoped
public class EnrichmentConsumer {

    private static final ObjectReader WEBHOOK = Json.CIRCLECI.readerFor(Webhook.class);

    private final Tasks tasks;
    private final Patience patience;

    EnrichmentConsumer(Tasks tasks, Patience patience) {
        this.tasks = tasks;
        this.patience = patience;
    }

    @Incoming("enrichment")
    @Blocking("enrichment")
    void consume(ConsumerRecords<byte[], byte[]> records) throws InterruptedException {
        Map<Task.Key, Task> named = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            for (Task task : namedBy(record.value())) {
                named.merge(task.key(), task, (a, b) -> a.namedAt().isBefore(b.namedAt()) ? b : a);
            }
        }
        if (!named.isEmpty()) {
            patience.until("enrichment", () -> {
                tasks.name(named.values());
                return null;
            });
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
}
