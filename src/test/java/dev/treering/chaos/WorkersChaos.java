package dev.treering.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.event.Topics;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** Workers die, come, go and fall asleep, and records are not what they should be. */
@ChaosSuite
class WorkersChaos {

    private static final int RATE = 200;
    private static final int KILLS = 4;
    private static final int LARGE = 900_000;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Random random = Seed.random();
    private World world;

    @BeforeAll
    void start() {
        world = World.named("workers")
                .workers(2)
                .with("QUARKUS_LOG_CONSOLE_JSON_ENABLED", "true")
                .start();
    }

    @AfterAll
    void close() {
        if (world != null) {
            world.close();
        }
    }

    @Test
    @Tag("F18")
    void workers_killed_amid_their_batches_leave_nothing_out_and_nothing_twice() {
        // Given a backlog
        Scenario scenario = world.scenario("F18");
        world.workers().forEach(Part::kill);
        scenario.traffic(3 * RATE);
        scenario.run(Duration.ofSeconds(5));
        scenario.named(
                world.receiver(),
                status -> status.path("waiting").path("history").asText().contains("no worker records them"));
        scenario.traffic(RATE);

        // When
        List<CompletableFuture<Void>> back = new ArrayList<>();
        world.workers().forEach(Part::start);
        for (int kill = 0; kill < KILLS; kill++) {
            Instance victim = await("a worker to kill")
                    .atMost(Duration.ofMinutes(2))
                    .until(() -> anyOf(world.workers()), found -> found != null && found.answersQuietly());
            scenario.run(Duration.ofMillis(random.nextInt(1_500)));
            scenario.kill(victim);
            back.add(CompletableFuture.runAsync(victim::start));
        }
        back.forEach(CompletableFuture::join);

        // Then
        scenario.conclude();
    }

    @Test
    @Tag("F22")
    void workers_that_come_and_go_take_over_from_each_other() {
        // Given
        Scenario scenario = world.scenario("F22");
        scenario.traffic(RATE);
        Instance third = world.instance("worker-3", "worker");
        Instance fourth = world.instance("worker-4", "worker");

        // When
        try (third;
                fourth) {
            for (int round = 0; round < 2; round++) {
                third.start();
                fourth.start();
                scenario.run(Duration.ofMillis(random.nextInt(1_500)));
                third.stop();
                scenario.kill(fourth);
                scenario.run(Duration.ofMillis(random.nextInt(1_500)));
            }
        }

        // Then
        scenario.conclude();
    }

    @Test
    @Tag("F22")
    void a_worker_that_falls_asleep_holds_up_nobody_and_overwrites_nothing() throws SQLException {
        // Given
        Scenario scenario = world.scenario("F22 asleep");
        scenario.traffic(RATE);
        scenario.run(Duration.ofSeconds(2));

        // When it sleeps amid a transaction, beyond its session and until others have its partitions
        freezeAmidTransaction(world.worker());
        scenario.run(Duration.ofSeconds(5));
        scenario.traffic(0);
        world.traffic().settle(Duration.ofSeconds(30));
        await("the other one has caught up")
                .atMost(Duration.ofSeconds(40))
                .until(() -> world.database().number("select count(*) from seen_event")
                        >= world.ledger().acknowledged());
        scenario.traffic(RATE);
        world.worker().thaw();
        scenario.run(Duration.ofSeconds(5));

        // Then
        scenario.conclude();
    }

    @Test
    @Tag("F20")
    void what_cannot_be_read_is_a_dead_letter_with_its_bytes_and_its_reason() {
        // Given
        Scenario scenario = world.scenario("F20");
        scenario.traffic(RATE);
        Map<String, byte[]> unreadable = Map.of(
                "no JSON", "not JSON".getBytes(UTF_8),
                "no text", new byte[] {(byte) 0xff, 0, (byte) 0xfe, 1},
                "nothing", new byte[0],
                "another shape", "[1, 2, 3]".getBytes(UTF_8),
                "deep", "[".repeat(20_000).getBytes(UTF_8),
                "deep in an object", ("{\"id\":" + "{\"a\":".repeat(20_000)).getBytes(UTF_8),
                "large", "x".repeat(LARGE).getBytes(UTF_8),
                "large JSON", ("{\"x\":\"" + "y".repeat(LARGE) + "\"}").getBytes(UTF_8),
                "unknown type",
                        ("{\"type\":\"from-the-future\",\"id\":\"5b6a5e4e-3a5b-4d06-8b0e-5e2f2f0a4c11\","
                                        + "\"happened_at\":\"2026-11-24T05:51:32.123Z\"}")
                                .getBytes(UTF_8));
        long before = deadLetters();

        // When
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", world.bootstrapServers(), "max.request.size", 1_048_576),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            for (String topic : List.of(Topics.WEBHOOKS, Topics.SNAPSHOTS)) {
                unreadable.forEach((name, value) -> {
                    producer.send(new ProducerRecord<>(topic, name.getBytes(UTF_8), value));
                    producer.send(garbled(topic, value));
                });
                producer.send(new ProducerRecord<>(topic, "tombstone".getBytes(UTF_8), null));
                producer.send(new ProducerRecord<>(topic, null, null));
            }
        }
        long poisoned = 2 * (2L * unreadable.size() + 2);

        // Then
        await("every one is a dead letter")
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(deadLetters() - before).isEqualTo(poisoned));
        assertThat(world.database().number("select count(*) from dead_letter where detail = ''"))
                .isZero();
        assertThat(world.database().rows("select distinct reason from dead_letter"))
                .extracting(row -> row.get(0))
                .contains("unreadable", "incomplete", "unrecognised");
        String digests = unreadable.values().stream()
                .map(value -> "'" + Sha256.hex(value) + "'")
                .collect(joining(", "));
        assertThat(world.database()
                        .number(
                                "select count(*) from dead_letter join trail using (topic, partition, \"offset\", appended_at)"
                                        + " where encode(sha256(body), 'hex') in (" + digests + ")"))
                .isGreaterThanOrEqualTo(poisoned - 4);
        scenario.conclude();
        world.instances().forEach(WorkersChaos::logsObjectsWithoutSecretsOrBodies);
    }

    private static void logsObjectsWithoutSecretsOrBodies(Instance instance) {
        try (Stream<String> lines = Files.lines(instance.log())) {
            assertThat(lines.filter(line -> !line.startsWith("Picked up JAVA_TOOL_OPTIONS")))
                    .isNotEmpty()
                    .allSatisfy(line -> assertThat(
                                    JSON.readTree(line).path("message").isTextual())
                            .isTrue())
                    .noneMatch(line -> Stream.of(Instance.SECRET, Instance.TOKEN, "developer@example.com", "yyyyyyyy")
                            .anyMatch(line::contains));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ProducerRecord<byte[], byte[]> garbled(String topic, byte[] value) {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topic, new byte[] {(byte) 0xc3, 0, 7}, value);
        record.headers()
                .add("ce_id", new byte[] {(byte) 0xff, 0, 13, 10})
                .add("ce_type", "t".repeat(10_000).getBytes(UTF_8))
                .add("ce_source", null)
                .add("ce_receivedat", "yesterday".getBytes(UTF_8))
                .add("ce_receiptid", new byte[0])
                .add("", null);
        return record;
    }

    private long deadLetters() {
        return world.database().number("select count(*) from dead_letter");
    }

    private Instance anyOf(List<Instance> workers) {
        return workers.get(random.nextInt(workers.size()));
    }

    /** A transaction that nobody ends holds its locks: the worst moment to fall asleep. */
    private void freezeAmidTransaction(Instance worker) throws SQLException {
        try (Connection gate = DriverManager.getConnection(world.database().jdbcUrl(), "postgres", "postgres");
                Statement statement = gate.createStatement()) {
            gate.setAutoCommit(false);
            statement.execute("lock table seen_event in exclusive mode");
            await("both workers are amid a transaction")
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> world.database()
                                    .number(
                                            "select count(*) from pg_locks where not granted and relation = 'seen_event'::regclass")
                            >= 2);
            worker.freeze();
            gate.rollback();
        }
    }
}
