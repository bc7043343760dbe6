package dev.treering.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

import dev.treering.event.Topics;
import dev.treering.simulation.Delivery;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** Many who listen, some who do not read, and an instance that dies under them. */
@ChaosSuite
@Isolated("measures")
class LiveChaos {

    private static final int READERS = 450;
    private static final int DEAD = 50;
    private static final int RATE = 300;
    private static final int COMINGS = 1_500;
    private static final Duration WARM = Duration.ofSeconds(6);
    private static final Duration MEASURED = Duration.ofSeconds(15);

    private final List<Long> sent = new ArrayList<>();
    private World world;

    @BeforeAll
    void start() {
        world = World.named("live").start();
    }

    @AfterAll
    void close() {
        if (world != null) {
            world.close();
        }
    }

    @Test
    @Tag("F42")
    void clients_that_do_not_read_cost_the_others_nothing_and_a_killed_instance_costs_none_an_event() throws Exception {
        // Given
        Scenario scenario = world.scenario("F42");
        Instance receiver = world.receiver();
        scenario.traffic(RATE);
        scenario.run(WARM);
        try (Follower follower = new Follower(receiver.port(), "?type=workflow");
                Crowd crowd = new Crowd(receiver.port(), READERS, DEAD)) {
            probe(WARM);
            long before = residentMegabytes(receiver);
            int first = sent.size();
            // When, beside them, others come and go
            CompletableFuture<Void> comings = CompletableFuture.runAsync(() -> comeAndGo(receiver));
            long read = crowd.bytesRead();
            probe(MEASURED);
            comings.join();
            long perSecond = (crowd.bytesRead() - read) / MEASURED.toSeconds();
            scenario.traffic(0);
            // Then each of those that read got each of them soon
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(() -> assertThat(crowd.readers())
                            .allSatisfy(reader -> assertThat(IntStream.range(first, sent.size()))
                                    .allMatch(probe -> reader.arrivals[probe] > 0)));
            long[] millis = crowd.readers().stream()
                    .flatMapToLong(reader -> IntStream.range(first, sent.size())
                            .mapToLong(probe -> (reader.arrivals[probe] - sent.get(probe)) / 1_000_000))
                    .sorted()
                    .toArray();
            long p99 = millis[millis.length * 99 / 100];
            long after = residentMegabytes(receiver);
            System.out.printf(
                    "chaos: F42 from POST to each of %d streams: p50 %d ms, p99 %d ms, max %d ms; %,d kB/s in all; %d MB resident"
                            + " before, %d MB after%n",
                    READERS,
                    millis[millis.length / 2],
                    p99,
                    millis[millis.length - 1],
                    perSecond / 1000,
                    before,
                    after);
            assertThat(crowd.readers()).noneMatch(reader -> reader.ended || reader.resets > 0);
            // and those that do not read are gone: one follows, the rest read
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(() ->
                            assertThat(receiver.metric("treering_live_clients")).isEqualTo(READERS + 1));
            long most = receiver.footprint().megabytes();
            // And when the instance dies in the middle of it
            scenario.traffic(50);
            scenario.kill(receiver);
            receiver.start();
            scenario.settle();
            // Then who comes again has missed nothing and got nothing twice
            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(follower.events())
                            .containsExactlyInAnyOrderElementsOf(workflowsSince(follower.firstId())));
            assertThat(follower.resets()).isZero();
            assertThat(after - before).isLessThan(100);
            assertThat(most).isLessThanOrEqualTo(900);
            assertThat(p99).isLessThanOrEqualTo(1_500);
        }
        scenario.conclude();
    }

    /** Ten webhooks a second that are known when they come out. */
    private void probe(Duration time) throws IOException {
        try (Wire wire = new Wire(world.receiver().port())) {
            long end = System.nanoTime() + time.toNanos();
            for (long due = System.nanoTime(); due < end; due += 100_000_000) {
                long next = due;
                await().pollInterval(Duration.ofMillis(5))
                        .pollDelay(Duration.ZERO)
                        .until(() -> System.nanoTime() >= next);
                Delivery delivery = probe(sent.size());
                Ledger.Entry entry = world.ledger().entry(delivery);
                entry.attempts++;
                sent.add(System.nanoTime());
                assertThat(wire.exchange(Wire.request(delivery))).isEqualTo(202);
                entry.accepted++;
            }
        }
    }

    private static Delivery probe(int number) {
        UUID id = UUID.randomUUID();
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        return new Delivery(id, "workflow-completed", now, """
                {"type": "workflow-completed", "id": "%s", "happened_at": "%s",
                 "webhook": {"id": "9f6b2c1a-0000-4000-8000-000000000001", "name": "probe"},
                 "project": {"id": "9f6b2c1a-0000-4000-8000-00000000000%d", "name": "probe", "slug": "github/acme/probe-%d"},
                 "organization": {"id": "9f6b2c1a-0000-4000-8000-000000000002", "name": "acme"},
                 "workflow": {"id": "%s", "name": "probe-%06d", "status": "success", "created_at": "%s", "stopped_at": "%s",
                   "url": "https://app.circleci.com/w"},
                 "pipeline": {"id": "%s", "number": %d, "created_at": "%s", "trigger": {"type": "webhook"},
                   "vcs": {"provider_name": "github", "revision": "a5e30a908224e46626a796d058289475f6d387b5",
                     "branch": "main"}}}""".formatted(
                        id,
                        now,
                        3 + number % 5,
                        number % 5,
                        UUID.randomUUID(),
                        number,
                        now.minusSeconds(9),
                        now,
                        UUID.randomUUID(),
                        number + 1,
                        now.minusSeconds(10)));
    }

    private static void comeAndGo(Instance receiver) {
        try {
            for (int i = 0; i < COMINGS; i++) {
                try (var socket = new java.net.Socket(Ports.LOOPBACK, receiver.port())) {
                    socket.getOutputStream().write(Crowd.request(""));
                    assertThat(socket.getInputStream().readNBytes(12)).endsWith('2', '0', '0');
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static long residentMegabytes(Instance instance) throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(instance.pid()), "status")).stream()
                .filter(line -> line.startsWith("VmRSS"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                .sum();
    }

    /** The ids of the events of workflows in Kafka from there on. */
    private List<String> workflowsSince(String position) {
        String[] offsets = position.split("\\.");
        Map<String, Object> settings = Map.of("bootstrap.servers", world.bootstrapServers());
        List<String> ids = new ArrayList<>();
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(Topics.EVENTS).stream()
                    .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                    .toList();
            consumer.assign(partitions);
            partitions.forEach(partition ->
                    consumer.seek(partition, Long.parseLong(offsets[1 + partition.partition()], Character.MAX_RADIX)));
            for (var records = consumer.poll(Duration.ofSeconds(2)); !records.isEmpty(); ) {
                records.forEach(record -> {
                    if (record.value().contains("\"entity\":\"workflow\"")) {
                        ids.add(record.value().replaceAll(".*?\"id\":\"([^\"]*)\".*", "$1"));
                    }
                });
                records = consumer.poll(Duration.ofMillis(500));
            }
        }
        return ids;
    }
}
