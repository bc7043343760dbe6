package dev.treering.audit;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import dev.treering.event.Topics;
import dev.treering.support.Json;
import dev.treering.support.Rows;
import io.smallrye.common.annotation.Identifier;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads back the checkpoints that were ever made. */
@Singleton
public class Checkpoints {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Map<String, Object> broker;
    private final DataSource database;
    private final Seal seal;

    Checkpoints(@Identifier("default-kafka-broker") Map<String, Object> broker, DataSource database, Seal seal) {
        this.broker = broker;
        this.database = database;
        this.seal = seal;
    }

    /** A record of the topic; the checkpoint is null where the record holds none. */
    record Read(int partition, long offset, Checkpoint checkpoint) {}

    interface Reader {

        void read(List<Read> checkpoints) throws SQLException, IOException;
    }

    /**
     * What is known of them here.
     *
     * @param publicKey checks them, base64; null where this instance has no key and makes none
     * @param lastCheckpoint when the last one was made, by whichever instance; null when none was
     * @param appendOnly whether PostgreSQL lets our login only add to the trail
     */
    public record Status(String publicKey, Instant lastCheckpoint, boolean appendOnly) {}

    public Status status() throws SQLException {
        try (Connection connection = database.getConnection();
                var statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select max(made_at) as last,"
                        + " not has_table_privilege('trail', 'update') as only from trail_checkpoint")) {
            row.next();
            return new Status(seal.publicKey(), Rows.instant(row, "last"), row.getBoolean("only"));
        }
    }

    /** Whether checkpoints were signed, and nobody here could sign what is done to the trail: verifying it would fail. */
    boolean lackKey() throws SQLException {
        if (seal.signs()) {
            return false;
        }
        try (Connection connection = database.getConnection();
                var statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select exists (select from trail_checkpoint)")) {
            return row.next() && row.getBoolean(1);
        }
    }

    /** Hands over all that are there now, oldest first, some at a time. */
    void readAll(Reader reader) throws SQLException, IOException {
        Map<String, Object> settings = new HashMap<>(broker);
        settings.keySet().retainAll(ConsumerConfig.configNames());
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        settings.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) PATIENCE.toMillis());
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(Topics.CHECKPOINTS).stream()
                    .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                var records = consumer.poll(PATIENCE);
                if (records.isEmpty()) {
                    throw new IOException("Kafka does not give the checkpoints");
                }
                List<Read> read = new ArrayList<>(records.count());
                records.forEach(one -> read.add(read(one)));
                reader.read(read);
            }
        } catch (KafkaException e) {
            throw new IOException("Kafka does not give the checkpoints: " + e.getMessage(), e);
        }
    }

    private static Read read(ConsumerRecord<byte[], byte[]> one) {
        Checkpoint checkpoint = null;
        try {
            checkpoint = Json.CIRCLECI.readValue(one.value(), Checkpoint.class);
        } catch (IOException | IllegalArgumentException notOurs) {
            // Nobody signed it, then.
        }
        return new Read(one.partition(), one.offset(), checkpoint);
    }
}
