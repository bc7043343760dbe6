package dev.treering.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;

import dev.treering.event.CloudEvent;
import dev.treering.event.Topics;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** The log is not what it was, or PostgreSQL is not as far as it was: the history still has each event once. */
@ChaosSuite
class TopicsChaos {

    private static final int RATE = 150;
    private static final List<String> GROUPS = List.of("treering-history", "treering-notification");

    private World world;
    private Admin kafka;

    @BeforeAll
    void start() {
        world = World.named("topics").receivers(2).workers(1).start();
        kafka = Admin.create(Map.of("bootstrap.servers", world.bootstrapServers()));
    }

    @AfterAll
    void close() {
        if (kafka != null) {
            kafka.close(Duration.ZERO);
        }
        if (world != null) {
            world.close();
        }
    }

    @Test
    @Tag("F30")
    void a_topic_made_anew_is_read_from_its_beginning_even_beyond_the_old_position() throws Exception {
        // Given
        Scenario scenario = world.scenario("F30 restart");
        someTraffic(scenario, Duration.ofSeconds(2));
        settle();
        Map<TopicPartition, Long> old = positions();

        // When
        world.worker().stop();
        delete();
        scenario.named(world.receiver(), status -> status.path("kafka").asText().contains("lacks the topics"));
        long told = System.nanoTime();
        scenario.traffic(RATE);
        await("the new log will be longer than the old")
                .atMost(Duration.ofMinutes(2))
                .until(() -> world.database()
                                .number("select count(*) from outbox where topic = '" + Topics.WEBHOOKS + "'")
                        > 2 * old.values().stream().mapToLong(Long::longValue).sum());
        assertThat(world.ledger().answersSince(told).given().statuses()).containsOnlyKeys(202);
        // A receiver that starts makes what is missing.
        Instance second = world.receivers().get(1);
        second.stop();
        second.start();
        await("the outbox is carried over").atMost(Duration.ofMinutes(1)).until(() -> positionsBelow(old) == 0);
        world.worker().start();

        // Then
        scenario.cleared(world.receiver());
        assertThat(world.worker().log()).content().contains("made anew");
        scenario.conclude();
        assertThat(losses(world.receiver(), "replaced")).isPositive();
    }

    @Test
    @Tag("F30")
    void a_topic_made_anew_under_load_is_noticed_and_read() throws Exception {
        // Given
        Scenario scenario = world.scenario("F30");
        someTraffic(scenario, Duration.ofSeconds(3));
        settle();
        NewTopic again = asItIs();

        // When
        delete();
        scenario.named(world.receiver(), status -> status.path("kafka").asText().contains("lacks the topics"));
        long told = System.nanoTime();
        scenario.traffic(RATE);
        scenario.run(Duration.ofSeconds(5));
        kafka.createTopics(List.of(again)).all().get();

        // Then
        scenario.cleared(world.receiver());
        scenario.run(Duration.ofSeconds(5));
        assertThat(world.ledger().answersSince(told).given().statuses()).containsOnlyKeys(202);
        scenario.conclude();
    }

    @Test
    @Tag("F30")
    void added_partitions_are_said_and_read() throws Exception {
        // Given
        Scenario scenario = world.scenario("F30 partitions");
        int before = partitions().size();
        scenario.traffic(RATE);
        scenario.run(Duration.ofSeconds(2));

        // When
        kafka.createPartitions(Map.of(Topics.WEBHOOKS, NewPartitions.increaseTo(before + 4)))
                .all()
                .get();
        scenario.run(Duration.ofSeconds(14));

        // Then
        assertThat(world.worker().log()).content().contains("has %d partitions now".formatted(before + 4));
        scenario.conclude();
        assertThat(positions().entrySet())
                .as("some projects moved")
                .anyMatch(position -> position.getKey().partition() >= before && position.getValue() > 0);
    }

    @Test
    @Tag("F31")
    void a_group_set_back_or_forgotten_changes_nothing() throws Exception {
        // Given
        Scenario scenario = world.scenario("F31");
        someTraffic(scenario, Duration.ofSeconds(4));
        settle();
        long entries = world.database().number("select count(*) from trail");
        for (boolean forgotten : List.of(false, true)) {
            // When
            world.worker().stop();
            if (forgotten) {
                kafka.deleteConsumerGroups(GROUPS).all().get();
            } else {
                for (String group : GROUPS) {
                    setBack(group);
                }
            }
            world.worker().start();
            scenario.run(Duration.ofSeconds(4));

            // Then
            assertThat(world.database().number("select count(*) from trail")).isEqualTo(entries);
        }
        scenario.conclude();
    }

    @Test
    @Tag("F31")
    @Tag("F51")
    void a_database_restored_from_a_backup_catches_up_from_kafka() throws Exception {
        // Given
        Scenario scenario = world.scenario("F51");
        someTraffic(scenario, Duration.ofSeconds(2));
        settle();
        Path data = world.database().folder().resolve("data");
        Path backup = world.folder().resolve("backup");
        world.database().stop("INT");
        copy(data, backup);
        world.database().start();
        someTraffic(scenario, Duration.ofSeconds(4));
        settle();
        long entries = world.database().number("select count(*) from trail");
        List<List<String>> rows = rows();

        // When
        world.database().stop("INT");
        erase(data);
        copy(backup, data);
        world.database().start();
        world.ledger().wasSetBack();
        assertThat(world.database().number("select count(*) from trail")).isLessThan(entries);

        // Then
        await("the same rows, stamps and all")
                .atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(rows()).isEqualTo(rows));
        scenario.conclude();
        assertThat(world.database().number("select count(*) from trail where topic = '%s'".formatted(Topics.WEBHOOKS)))
                .isGreaterThanOrEqualTo(entries);
    }

    @Test
    @Tag("F32")
    void records_that_kafka_deleted_unread_are_reported_and_the_rest_goes_on() throws Exception {
        // Given
        Scenario scenario = world.scenario("F32");
        someTraffic(scenario, Duration.ofSeconds(2));
        settle();
        long missedBefore = losses(world.receiver(), "missed");
        world.worker().stop();
        someTraffic(scenario, Duration.ofSeconds(4));
        world.traffic().settle(Duration.ofSeconds(30));

        // When
        long deleted = deleteUnread();
        someTraffic(scenario, Duration.ofSeconds(4));
        world.worker().start();

        // Then
        await("the loss is reported")
                .atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(losses(world.receiver(), "missed") - missedBefore)
                        .isEqualTo(deleted));
        assertThat(world.worker().metric("treering_trail_missed_total")).isEqualTo(deleted);
        assertThat(world.worker().log()).content().contains("are gone from Kafka and were never read");
        scenario.conclude();
    }

    /** A hash over all rows of the history. */
    private List<List<String>> rows() {
        return world.database().rows("""
                select md5(string_agg(r, ' ' order by r)), count(*)::text from (
                    select t::text as r from project t union all select t::text from pipeline t
                    union all select t::text from workflow t union all select t::text from job t
                    union all select t::text from project_slug t) as rows""");
    }

    private void someTraffic(Scenario scenario, Duration time) {
        scenario.traffic(RATE);
        scenario.run(time);
        scenario.traffic(0);
    }

    /** Waits until everything that was sent is read. */
    private void settle() {
        world.traffic().settle(Duration.ofSeconds(60));
        await("everything is read").atMost(Duration.ofSeconds(60)).until(() -> {
            Map<TopicPartition, Long> positions = positions();
            return world.database().number("select count(*) from outbox") == 0
                    && ends().entrySet().stream()
                            .allMatch(end -> end.getValue() <= positions.getOrDefault(end.getKey(), 0L));
        });
    }

    private Map<TopicPartition, Long> positions() {
        Map<TopicPartition, Long> positions = new HashMap<>();
        world.database()
                .rows("select partition, next_offset from stream_position where topic = '" + Topics.WEBHOOKS + "'")
                .forEach(row -> positions.put(
                        new TopicPartition(Topics.WEBHOOKS, Integer.parseInt(row.get(0))), Long.valueOf(row.get(1))));
        return positions;
    }

    /** Partitions whose log is not longer than it was. */
    private long positionsBelow(Map<TopicPartition, Long> old) {
        Map<TopicPartition, Long> ends = ends();
        return old.entrySet().stream()
                .filter(position -> position.getValue() > 0)
                .filter(position -> ends.getOrDefault(position.getKey(), 0L) <= position.getValue())
                .count();
    }

    private List<TopicPartition> partitions() throws ExecutionException, InterruptedException {
        return kafka
                .describeTopics(List.of(Topics.WEBHOOKS))
                .allTopicNames()
                .get()
                .get(Topics.WEBHOOKS)
                .partitions()
                .stream()
                .map(partition -> new TopicPartition(Topics.WEBHOOKS, partition.partition()))
                .toList();
    }

    private Map<TopicPartition, Long> ends() {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            return consumer.endOffsets(partitions());
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        return new KafkaConsumer<>(
                Map.of("bootstrap.servers", world.bootstrapServers(), "enable.auto.commit", "false"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
    }

    private void delete() throws ExecutionException, InterruptedException {
        kafka.deleteTopics(List.of(Topics.WEBHOOKS)).all().get();
    }

    /** The topic with its settings, to be made once more. */
    private NewTopic asItIs() throws ExecutionException, InterruptedException {
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, Topics.WEBHOOKS);
        Map<String, String> settings = new HashMap<>();
        kafka.describeConfigs(List.of(resource)).all().get().get(resource).entries().stream()
                .filter(entry -> !entry.isDefault())
                .forEach(entry -> settings.put(entry.name(), entry.value()));
        return new NewTopic(Topics.WEBHOOKS, partitions().size(), (short) 1).configs(settings);
    }

    private void setBack(String group) throws ExecutionException, InterruptedException {
        var committed = kafka.listConsumerGroupOffsets(group)
                .partitionsToOffsetAndMetadata()
                .get();
        assertThat(committed).as(group).isNotEmpty();
        committed.replaceAll((partition, offset) -> new OffsetAndMetadata(0));
        kafka.alterConsumerGroupOffsets(group, committed).all().get();
    }

    /** Deletes what the history has not read, as retention would, and tells the ledger; says how many records. */
    private long deleteUnread() throws ExecutionException, InterruptedException {
        Map<TopicPartition, Long> positions = positions();
        Map<TopicPartition, Long> ends = ends();
        long deleted = 0;
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            consumer.assign(ends.keySet());
            ends.keySet().forEach(partition -> consumer.seek(partition, positions.getOrDefault(partition, 0L)));
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    String id = new String(
                            record.headers().lastHeader(CloudEvent.ID).value(), UTF_8);
                    world.ledger().find(Ledger.key(id, record.value())).deleted++;
                    deleted++;
                }
            }
        }
        Map<TopicPartition, RecordsToDelete> unread = new HashMap<>();
        ends.forEach((partition, end) -> unread.put(partition, RecordsToDelete.beforeOffset(end)));
        kafka.deleteRecords(unread).all().get();
        assertThat(deleted).isPositive();
        return deleted;
    }

    private static long losses(Instance instance, String kind) {
        return instance.status().path("losses").path(kind).asLong();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> tree = Files.walk(from)) {
            for (Path path : tree.toList()) {
                Files.copy(path, to.resolve(from.relativize(path).toString()), StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }

    private static void erase(Path folder) throws IOException {
        try (Stream<Path> tree = Files.walk(folder)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
