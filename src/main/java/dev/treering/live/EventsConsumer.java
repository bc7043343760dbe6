package dev.treering.live;

import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToLongFunction;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import dev.treering.event.Topics;
import dev.treering.outbox.TopicsJob;
import dev.treering.support.Notice;
import dev.treering.support.Role;
import dev.treering.support.TreeringConfig;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.common.annotation.Identifier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

import static java.util.stream.Collectors.toMap;

/**
 * Reads {@code circleci.events} for this instance, all of it and in no group: first what the ring keeps, by time, then what
 * comes. Not a channel of Reactive Messaging, for those are of a group or of one partition.
 */
@Singleton
class EventsConsumer {

    private static final int MOST_RECORDS = 500;
    // A tenth of a second goes unnoticed, and what comes meanwhile goes to each client in one piece.
    private static final long BREATH_MILLIS = 100;
    private static final long PAUSE_MILLIS = 2_000;

    private final Map<String, Object> settings;
    private final StreamsJob streams;
    private final Ring ring;
    private final TopicsJob topics;
    private final Clock clock;
    private final boolean open;
    private final Notice away = new Notice();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Thread reader = new Thread(this::read, "treering-live");

    EventsConsumer(
            @Identifier("default-kafka-broker") Map<String, Object> broker,
            StreamsJob streams,
            Ring ring,
            TopicsJob topics,
            TreeringConfig treering,
            Clock clock) {
        settings = new HashMap<>(broker);
        settings.keySet().retainAll(ConsumerConfig.configNames());
        settings.remove(ConsumerConfig.GROUP_ID_CONFIG);
        settings.put(ConsumerConfig.CLIENT_ID_CONFIG, "treering-live");
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, MOST_RECORDS);
        settings.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 4 * 1024 * 1024);
        this.streams = streams;
        this.ring = ring;
        this.topics = topics;
        this.clock = clock;
        this.open = treering.roles().contains(Role.API);
    }

    void start(@Observes StartupEvent event) {
        if (open) {
            reader.start();
        }
    }

    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        stopping.countDown();
        reader.join(Duration.ofSeconds(5).toMillis());
    }

    private void read() {
        try {
            while (!stopping.await(0, TimeUnit.MILLISECONDS)) {
                try (Consumer<byte[], byte[]> consumer =
                        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                    follow(consumer);
                } catch (RuntimeException e) {
                    // Whatever it is: streams would stand still for good, and their heartbeats go on.
                    away.say("circleci.events cannot be read for streams, trying again: " + e.getMessage());
                    stopping.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Until the topic is another one, or has other partitions. */
    private void follow(Consumer<byte[], byte[]> consumer) throws InterruptedException {
        String log = topics.id(Topics.EVENTS);
        List<TopicPartition> partitions = log == null ? List.of() : partitions(consumer);
        if (partitions.isEmpty()) {
            // There is no such topic, which TopicsJob says.
            stopping.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
            return;
        }
        consumer.assign(partitions);
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        long since = clock.millis() - ring.span().toMillis();
        Map<TopicPartition, OffsetAndTimestamp> young =
                consumer.offsetsForTimes(partitions.stream().collect(toMap(Function.identity(), partition -> since)));
        ToLongFunction<TopicPartition> from = partition -> young.get(partition) == null
                ? ends.get(partition)
                : young.get(partition).offset();
        partitions.forEach(partition -> consumer.seek(partition, from.applyAsLong(partition)));
        streams.begin(
                log,
                partitions.stream().mapToLong(from).toArray(),
                partitions.stream().mapToLong(ends::get).toArray());
        away.over();
        while (log.equals(topics.id(Topics.EVENTS)) && partitions.equals(partitions(consumer))) {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofSeconds(1));
            if (!records.isEmpty()) {
                streams.tell(records);
            }
            boolean more = records.isEmpty() || records.count() == MOST_RECORDS;
            if (stopping.await(more ? 0 : BREATH_MILLIS, TimeUnit.MILLISECONDS)) {
                return;
            }
        }
    }

    private static List<TopicPartition> partitions(Consumer<?, ?> consumer) {
        return consumer.partitionsFor(Topics.EVENTS).stream()
                .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                .sorted(Comparator.comparingInt(TopicPartition::partition))
                .toList();
    }
}
