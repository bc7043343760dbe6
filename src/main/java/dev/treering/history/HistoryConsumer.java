package dev.treering.history;

import java.util.ArrayList;
import java.util.List;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.support.Patience;
import io.smallrye.reactive.messaging.annotations.Blocking;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/** Facts come in here, a poll at a time. While the database is away the batch waits; nothing is skipped. */
@ApplicationScoped
public class HistoryConsumer {

    private final HistoryWriter writer;
    private final Patience patience;

    HistoryConsumer(HistoryWriter writer, Patience patience) {
        this.writer = writer;
        this.patience = patience;
    }

    @Incoming("history")
    @Blocking("history")
    void consume(ConsumerRecords<byte[], byte[]> records) throws InterruptedException {
        List<Fact> facts = new ArrayList<>(records.count());
        for (ConsumerRecord<byte[], byte[]> record : records) {
            facts.add(Fact.of(record));
        }
        patience.until("history", () -> {
            writer.record(facts);
            return null;
        });
    }
}
