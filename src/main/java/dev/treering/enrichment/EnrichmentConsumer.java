package dev.treering.enrichment;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

import jakarta.enterprise.context.ApplicationScoped;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.treering.enrichment.Task.Named;
import dev.treering.event.Webhook;
import dev.treering.support.Json;
import dev.treering.support.Patience;
import dev.treering.support.Stage;
import dev.treering.support.Stages;
import dev.treering.support.Traces;
import io.smallrye.reactive.messaging.annotations.Blocking;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/** Turns webhooks into tasks and acknowledges at once. */
@ApplicationScoped
public class EnrichmentConsumer {

    private static final ObjectReader WEBHOOK = Json.CIRCLECI.readerFor(Webhook.class);

    private final Tasks tasks;
    private final EnrichmentConfig config;
    private final Patience patience;
    private final Stage stage;

    EnrichmentConsumer(Tasks tasks, EnrichmentConfig config, Patience patience, Stages stages) {
        this.tasks = tasks;
        this.config = config;
        this.patience = patience;
        this.stage = stages.named("enrichment");
    }

    @Incoming("enrichment")
    @Blocking("enrichment")
    void consume(ConsumerRecords<byte[], byte[]> records) throws InterruptedException {
        stage.work(records, () -> {
            List<Named> named = new ArrayList<>();
            for (ConsumerRecord<byte[], byte[]> record : records) {
                named.addAll(namedBy(record.value(), Traces.of(record)));
            }
            if (!named.isEmpty()) {
                patience.until("enrichment", () -> tasks.name(named));
            }
        });
    }

    private List<Named> namedBy(byte[] body, String trace) {
        try {
            Webhook webhook = body == null ? null : WEBHOOK.readValue(body);
            return webhook == null ? List.of() : Task.namedBy(webhook, trace, config.debounce());
        } catch (IOException | IllegalArgumentException unreadable) {
            // The history makes a dead letter of it; here there is nothing to ask for.
            return List.of();
        }
    }
}
