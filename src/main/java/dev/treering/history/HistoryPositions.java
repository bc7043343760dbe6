package dev.treering.history;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import dev.treering.outbox.TopicsJob;
import dev.treering.support.Patience;
import dev.treering.support.Rows;
import io.quarkus.logging.Log;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.KafkaConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * PostgreSQL is the only truth of what was read: whoever is assigned a partition begins where the history ends. With the
 * position goes the epoch of the leader that wrote there, so that Kafka finds out when its log has lost that end; and a
 * topic of another id is read from its beginning.
 */
@ApplicationScoped
@Identifier("history")
public class HistoryPositions implements KafkaConsumerRebalanceListener {

    private static final String CHANNEL = "history";

    private final DataSource database;
    private final TopicsJob topics;
    private final KafkaClientService clients;
    private final Patience patience;
    private final Unread unread;
    // Where the history ended when this instance looked last, for the partitions it reads.
    private final Map<TopicPartition, Long> recorded = new ConcurrentHashMap<>();

    HistoryPositions(
            DataSource database, TopicsJob topics, KafkaClientService clients, Patience patience, Unread unread) {
        this.database = database;
        this.topics = topics;
        this.clients = clients;
        this.patience = patience;
        this.unread = unread;
    }

    @Override
    public void onPartitionsAssigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        if (partitions.isEmpty()) {
            return;
        }
        try {
            patience.until("history positions", () -> load(partitions)).forEach((partition, position) -> {
                consumer.seek(partition, position);
                recorded.put(partition, position.offset());
            });
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IllegalStateException stopped) {
            Log.debug(stopped.getMessage());
        }
    }

    @Override
    public void onPartitionsRevoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        recorded.keySet().removeAll(partitions);
    }

    void recorded(List<Fact> facts) {
        facts.forEach(fact -> recorded.replace(fact.topicPartition(), fact.offset() + 1));
    }

    /** A database restored from a backup has forgotten what it had read; where nothing new comes, nobody would notice. */
    void compare() throws SQLException {
        if (unread.before(Map.copyOf(recorded)) > 0) {
            readAgain("The database is older than what was read");
        }
    }

    /** A consumer does not notice by itself that a topic of the same name is another one. */
    void remade(@Observes TopicsJob.Remade topic) {
        readAgain(topic.name() + " was made anew");
    }

    /** Goes back to where the history ends. */
    void readAgain(String reason) {
        Log.infof("%s: reading goes back to where the history ends", reason);
        var consumer = clients.getConsumer(CHANNEL);
        if (consumer != null) {
            consumer.runOnPollingThread(reading -> {
                        onPartitionsAssigned(reading, reading.assignment());
                    })
                    .subscribe()
                    .with(
                            done -> {},
                            failure -> Log.errorf(
                                    "%s, but reading did not go back to where the history ends: %s. Restart this instance",
                                    reason, failure.getMessage()));
        }
    }

    private Map<TopicPartition, OffsetAndMetadata> load(Collection<TopicPartition> partitions) throws SQLException {
        List<Object[]> rows = partitions.stream()
                .map(partition -> new Object[] {partition.topic(), partition.partition(), topics.id(partition.topic())})
                .toList();
        try (Connection connection = database.getConnection()) {
            int remade = Rows.update(connection, """
                    update stream_position s set next_offset = 0, leader_epoch = null, topic_id = a.i,
                        replaced = s.replaced + 1
                    from unnest(?::text[], ?::int[], ?::text[]) as a(t, p, i)
                    where s.topic = a.t and s.partition = a.p and s.topic_id <> a.i""", rows);
            if (remade > 0) {
                Log.errorf(
                        "%d partitions belong to a topic that was made anew. They are read from the beginning", remade);
            }
            return positions(connection, rows);
        }
    }

    private static Map<TopicPartition, OffsetAndMetadata> positions(Connection connection, List<Object[]> rows)
            throws SQLException {
        Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();
        // A partition never read before starts at its beginning, which auto.offset.reset=earliest would do too, but not
        // where a group had committed an offset that this database knows nothing of.
        try (PreparedStatement statement = Rows.prepare(connection, """
                        insert into stream_position as s (topic, partition, next_offset, chain_head, topic_id)
                        select t, p, 0, '\\x', i from unnest(?::text[], ?::int[], ?::text[]) as a(t, p, i) order by t, p
                        on conflict (topic, partition) do update set topic_id = coalesce(excluded.topic_id, s.topic_id)
                        returning topic, partition, next_offset, leader_epoch""", rows);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                positions.put(
                        new TopicPartition(row.getString(1), row.getInt(2)),
                        new OffsetAndMetadata(
                                row.getLong(3), Optional.ofNullable(row.getObject(4, Integer.class)), ""));
            }
        }
        return positions;
    }
}
