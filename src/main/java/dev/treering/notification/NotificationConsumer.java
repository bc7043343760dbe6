package dev.treering.notification;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

import jakarta.enterprise.context.ApplicationScoped;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.treering.event.Change;
import dev.treering.support.Accounting;
import dev.treering.support.Json;
import dev.treering.support.Patience;
import dev.treering.support.Stage;
import io.quarkus.logging.Log;
import io.smallrye.reactive.messaging.annotations.Blocking;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/** Notes what may be worth a word, and acknowledges at once; what is told is decided later. */
@ApplicationScoped
public class NotificationConsumer {

    /** On events that are published anew, for consumers that lost them. */
    private static final String REPUBLISHED = "ce_republished";

    private static final ObjectReader CHANGE = Json.CIRCLECI.readerFor(Change.class);

    private final Decider decider;
    private final Patience patience;
    private final Stage stage;

    NotificationConsumer(Decider decider, Patience patience, Accounting accounting) {
        this.decider = decider;
        this.patience = patience;
        this.stage = accounting.stage("notification");
    }

    @Incoming("notification")
    @Blocking("notification")
    void consume(ConsumerRecords<byte[], byte[]> records) throws InterruptedException {
        stage.work(records, () -> {
            List<Change> changes = new ArrayList<>();
            for (ConsumerRecord<byte[], byte[]> record : records) {
                if (record.value() != null && record.headers().lastHeader(REPUBLISHED) == null) {
                    read(record, changes);
                }
            }
            patience.until("notification", () -> decider.note(changes));
        });
    }

    private static void read(ConsumerRecord<byte[], byte[]> record, List<Change> changes) {
        try {
            changes.add(CHANGE.readValue(record.value()));
        } catch (IOException e) {
            // Not ours, or of a later version: it must not stand in the way of all others.
            Log.warnf(
                    "The event at %s-%d/%d cannot be read, nobody is told of it: %s",
                    record.topic(),
                    record.partition(),
                    record.offset(),
                    e.getClass().getSimpleName());
        }
    }
}
