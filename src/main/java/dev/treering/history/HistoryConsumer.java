package dev.treering.history;

import java.util.ArrayList;
import java.util.List;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.event.Topics;
import dev.treering.support.Accounting;
import dev.treering.support.Patience;
import dev.treering.support.Stage;
import dev.treering.support.Stages;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.reactive.messaging.annotations.Blocking;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/** Facts come in here, a poll at a time. While the database is away the batch waits; nothing is skipped. */
@ApplicationScoped
public class HistoryConsumer {

    private final HistoryWriter writer;
    private final HistoryPositions positions;
    private final Patience patience;
    private final Stage stage;

    HistoryConsumer(
            HistoryWriter writer,
            @Identifier("history") HistoryPositions positions,
            Patience patience,
            Accounting accounting,
            Stages stages) {
        this.writer = writer;
        this.positions = positions;
        this.patience = patience;
        this.stage = stages.named("history");
        accounting.mayRecord(List.of(Topics.WEBHOOKS, Topics.SNAPSHOTS, Topics.ACTS), Trail.Outcome.values());
    }

    @Incoming("history")
    @Blocking("history")
    void consume(ConsumerRecords<byte[], byte[]> records) throws InterruptedException {
        stage.work(records, () -> {
            List<Fact> facts = new ArrayList<>(records.count());
            for (ConsumerRecord<byte[], byte[]> record : records) {
                facts.add(Fact.of(record));
            }
            if (patience.until("history", () -> writer.record(facts))) {
                positions.recorded(facts);
            } else {
                positions.readAgain("Records do not follow what is recorded");
            }
        });
    }
}
