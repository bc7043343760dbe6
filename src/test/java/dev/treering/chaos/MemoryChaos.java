package dev.treering.chaos;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import dev.treering.simulation.Delivery;
import dev.treering.simulation.Scenarios;
import dev.treering.simulation.Webhooks;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** Memory: what there is only so much of. */
@ChaosSuite
@Isolated("takes all of the machine")
class MemoryChaos {

    private static final int BACKLOG = Integer.getInteger("treering.backlog", 200_000);

    private World world;

    @BeforeAll
    void start() {
        world = World.named("memory").measured().start();
    }

    @AfterAll
    void close() {
        if (world != null) {
            world.close();
        }
    }

    @Test
    @Tag("F47")
    void an_instance_without_memory_ends_instead_of_limping() throws Exception {
        // Given
        Scenario scenario = world.scenario("F47");
        Instance small = world.instance("small", "receiver").heap("72m");
        small.start();
        try {
            // When
            List<UUID> ids = Stream.generate(UUID::randomUUID).limit(80).toList();
            ExecutorService senders = Executors.newFixedThreadPool(40);
            ids.forEach(id -> senders.execute(() -> send(small, large(id))));
            senders.shutdown();
            // Then
            await().atMost(Duration.ofSeconds(60)).until(() -> !small.running());
            assertThat(senders.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
            assertThat(small.exitCode()).isEqualTo(3);
            // When it has what it needs
            small.heap("512m").start();
            ids.forEach(id -> assertThat(send(small, large(id)))
                    .as("the answer to %s", id)
                    .isEqualTo(202));
        } finally {
            small.close();
        }
        scenario.conclude();
    }

    @Test
    @Tag("F47")
    void a_backlog_with_large_bodies_is_drained_within_512_megabytes() throws Exception {
        // Given
        Scenario scenario = world.scenario("backlog");
        world.worker().stop();
        for (int i = 0; i < 100; i++) {
            assertThat(send(world.receiver(), large(UUID.randomUUID()))).isEqualTo(202);
        }
        Load load = new Load(world.receiver().port(), 32);
        List<Scenarios> families = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            families.add(new Scenarios(Seed.VALUE + 1_000 + i));
        }
        int sent = 0;
        for (int number = 1; sent < BACKLOG; number++) {
            List<Delivery> some = new ArrayList<>();
            for (int run = 100 * number; run < 100 * number + 100; run++) {
                for (Scenarios family : families) {
                    some.addAll(Webhooks.of(family.green(run, Instant.now().minusSeconds(600))));
                }
            }
            some.forEach(delivery -> {
                Ledger.Entry entry = world.ledger().entry(delivery);
                entry.attempts++;
                entry.accepted++;
            });
            assertThat(load.each(Wire.requests(some)).accepted()).isEqualTo(some.size());
            sent += some.size();
        }

        // When
        world.worker().start();
        scenario.conclude();

        // Then
        assertThat(world.worker().footprint().megabytes()).isLessThanOrEqualTo(900);
    }

    /** Signed, harmless, and nearly as large as a webhook may be. */
    private static Delivery large(UUID id) {
        return new Delivery(
                id,
                "ping",
                Instant.EPOCH,
                "{\"type\":\"ping\",\"id\":\"%s\",\"happened_at\":\"2026-11-20T10:00:00Z\",\"more\":\"%s\"}"
                        .formatted(id, "x".repeat(880_000)));
    }

    /** The status, or 0 where none came: whether it was taken is not known then. */
    private int send(Instance receiver, Delivery delivery) {
        Ledger.Entry entry = world.ledger().entry(delivery);
        synchronized (entry) {
            entry.attempts++;
        }
        try (Wire wire = new Wire(receiver.port())) {
            int status = wire.exchange(Wire.request(delivery));
            if (status == 202) {
                synchronized (entry) {
                    entry.accepted++;
                }
            }
            return status;
        } catch (IOException unanswered) {
            return 0;
        }
    }
}
