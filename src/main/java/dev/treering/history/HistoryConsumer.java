package dev.treering.history;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.common.annotation.Blocking;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/** Facts come in here, a poll at a time. While the database is away the batch waits; nothing is skipped. */
@ApplicationScoped
public class HistoryConsumer {

    private static final int LONGEST_WAIT_SECONDS = 5;

    private final HistoryWriter writer;
    private final CountDownLatch stopping = new CountDownLatch(1);

    HistoryConsumer(HistoryWriter writer) {
        this.writer = writer;
    }

    @Incoming("history")
    @Blocking
    void consume(ConsumerRecords<byte[], byte[]> records) throws InterruptedException {
        List<Fact> facts = new ArrayList<>(records.count());
        for (ConsumerRecord<byte[], byte[]> record : records) {
            facts.add(Fact.of(record));
        }
        for (int attempt = 1; ; attempt++) {
            try {
                writer.record(facts);
                return;
            } catch (SQLException e) {
                Log.warnf("The history waits for the database with %d facts: %s", facts.size(), e.getMessage());
                if (stopping.await(Math.min(attempt, LONGEST_WAIT_SECONDS), TimeUnit.SECONDS)) {
                    throw new IllegalStateException("Stopped while waiting; the facts stay in Kafka", e);
                }
            }
        }
    }

    void stop(@Observes ShutdownEvent event) {
        stopping.countDown();
    }
}
