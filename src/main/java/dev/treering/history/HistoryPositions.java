package dev.treering.history;

import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.reactive.messaging.kafka.KafkaConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;

/** PostgreSQL is the only truth of what was read: whoever is assigned a partition begins where the history ends. */
@ApplicationScoped
@Identifier("history")
public class HistoryPositions implements KafkaConsumerRebalanceListener {

    private final DataSource database;
    private final CountDownLatch stopping = new CountDownLatch(1);

    HistoryPositions(DataSource database) {
        this.database = database;
    }

    @Override
    public void onPartitionsAssigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        while (true) {
            try {
                Map<TopicPartition, Long> next = load();
                // A partition never read before starts at its beginning, which auto.offset.reset=earliest would do too,
                // but not where a group had committed an offset that this database knows nothing of.
                partitions.forEach(partition -> consumer.seek(partition, next.getOrDefault(partition, 0L)));
                return;
            } catch (SQLException e) {
                Log.warnf("The history waits for the database to know where to begin: %s", e.getMessage());
                if (stoppedWithinASecond()) {
                    return;
                }
            }
        }
    }

    private Map<TopicPartition, Long> load() throws SQLException {
        Map<TopicPartition, Long> next = new HashMap<>();
        try (var connection = database.getConnection();
                var statement =
                        connection.prepareStatement("select topic, partition, next_offset from stream_position");
                var result = statement.executeQuery()) {
            while (result.next()) {
                next.put(new TopicPartition(result.getString(1), result.getInt(2)), result.getLong(3));
            }
        }
        return next;
    }

    private boolean stoppedWithinASecond() {
        try {
            return stopping.await(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    void stop(@Observes ShutdownEvent event) {
        stopping.countDown();
    }
}
