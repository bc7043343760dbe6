package dev.treering.history;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import dev.treering.event.Topics;
import dev.treering.support.Rows;
import io.smallrye.common.annotation.Identifier;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** What Kafka has of webhooks and snapshots, and the trail has not read yet. */
@Singleton
class Unread {

    private static final int PATIENCE_MILLIS = 5_000;

    private final Map<String, Object> broker;
    private final DataSource database;

    Unread(@Identifier("default-kafka-broker") Map<String, Object> broker, DataSource database) {
        this.broker = broker;
        this.database = database;
    }

    /**
     * Where each partition that has records ends now.
     *
     * @throws org.apache.kafka.common.KafkaException when Kafka does not say so
     */
    Map<TopicPartition, Long> ends() {
        Map<String, Object> settings = new HashMap<>(broker);
        settings.keySet().retainAll(ConsumerConfig.configNames());
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        settings.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS);
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (String topic : List.of(Topics.WEBHOOKS, Topics.SNAPSHOTS)) {
                consumer.partitionsFor(topic)
                        .forEach(one -> partitions.add(new TopicPartition(one.topic(), one.partition())));
            }
            Map<TopicPartition, Long> ends = new HashMap<>(consumer.endOffsets(partitions));
            // Where all is gone by its age, nobody will read to the end.
            ends.entrySet().removeAll(consumer.beginningOffsets(partitions).entrySet());
            return ends;
        }
    }

    /** How many of the records before these ends the trail has not read. */
    long before(Map<TopicPartition, Long> ends) throws SQLException {
        if (ends.isEmpty()) {
            return 0;
        }
        List<Object[]> rows = ends.entrySet().stream()
                .map(end -> new Object[] {end.getKey().topic(), end.getKey().partition(), end.getValue()})
                .toList();
        try (Connection connection = database.getConnection();
                PreparedStatement statement = Rows.prepare(connection, """
                        select coalesce(sum(greatest(0, e.o - coalesce(s.next_offset, 0))), 0)
                        from unnest(?::text[], ?::int[], ?::bigint[]) as e(t, p, o)
                            left join stream_position s on s.topic = e.t and s.partition = e.p""", rows);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }
}
