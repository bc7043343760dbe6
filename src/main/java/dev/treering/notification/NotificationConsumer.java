package dev.treering.notification;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import jakarta.enterprise.context.ApplicationScoped;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.treering.event.Cause;
import dev.treering.event.Change;
import dev.treering.event.CloudEvent;
import dev.treering.notification.Decider.Noted;
import dev.treering.support.Json;
import dev.treering.support.Patience;
import dev.treering.support.Stage;
import dev.treering.support.Stages;
import dev.treering.support.Times;
import dev.treering.support.Traces;
import io.quarkus.logging.Log;
import io.smallrye.reactive.messaging.annotations.Blocking;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.eclipse.microprofile.reactive.messaging.Incoming;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Notes what may be worth a word, and acknowledges at once; what is told is decided later. */
@ApplicationScoped
public class NotificationConsumer {

    private static final ObjectReader CHANGE = Json.CIRCLECI.readerFor(Change.class);
    private static final byte[] TYPE = CloudEvent.typeOfChange(Decider.ENTITY).getBytes(UTF_8);

    private final Decider decider;
    private final Patience patience;
    private final Stage stage;

    NotificationConsumer(Decider decider, Patience patience, Stages stages) {
        this.decider = decider;
        this.patience = patience;
        this.stage = stages.named("notification");
    }

    @Incoming("notification")
    @Blocking("notification")
    void consume(ConsumerRecords<byte[], byte[]> records) throws InterruptedException {
        stage.work(records, () -> {
            List<Noted> changes = new ArrayList<>();
            for (ConsumerRecord<byte[], byte[]> record : records) {
                if (record.value() != null && mayBeWorthAWord(record.headers())) {
                    read(record, changes);
                }
            }
            patience.until("notification", () -> decider.note(changes));
        });
    }

    /** Twenty times as many events tell of jobs, of which nobody is told, as of workflows: these are not even read. */
    private static boolean mayBeWorthAWord(Headers headers) {
        Header type = headers.lastHeader(CloudEvent.TYPE);
        return (type == null || Arrays.equals(type.value(), TYPE))
                && headers.lastHeader(CloudEvent.REPUBLISHED) == null;
    }

    private static Cause cause(ConsumerRecord<?, ?> record) {
        Header receivedAt = record.headers().lastHeader(CloudEvent.RECEIVED_AT);
        return new Cause(
                receivedAt == null
                        ? null
                        : Times.parse(new String(receivedAt.value(), UTF_8)).orElse(null),
                Traces.of(record));
    }

    private static void read(ConsumerRecord<byte[], byte[]> record, List<Noted> changes) {
        try {
            Change change = CHANGE.readValue(record.value());
            if (change == null) {
                throw new IOException("it is null");
            }
            changes.add(new Noted(change, cause(record)));
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
