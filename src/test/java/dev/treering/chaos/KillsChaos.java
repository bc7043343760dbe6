package dev.treering.chaos;

import java.time.Duration;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** A hundred times {@code kill -9} (or {@code -Dtreering.kills=…}), anywhere at any moment, under load. */
@ChaosSuite
@Isolated("takes all of the machine")
class KillsChaos {

    private static final int KILLS = Integer.getInteger("treering.kills", 100);
    private static final int EVENTS = 1_000 * KILLS;
    private static final int RATE = Integer.getInteger("treering.rate", 380);
    private static final int LONGEST_PAUSE = 2_000;

    private final Random random = Seed.random();
    private final Set<Part> comingBack = ConcurrentHashMap.newKeySet();
    private final ExecutorService restarts = Executors.newCachedThreadPool();
    private World world;

    private enum Target {
        RECEIVER,
        WORKER,
        BROKER,
        DATABASE
    }

    @BeforeAll
    void start() {
        world = World.named("kills").receivers(2).workers(2).start();
    }

    @AfterAll
    void close() {
        restarts.shutdownNow();
        if (world != null) {
            world.close();
        }
    }

    @Test
    @Tag("F07")
    @Tag("F08")
    @Tag("F18")
    @Tag("F24")
    void nothing_is_lost_or_applied_twice_in_a_hundred_kills() {
        // Given
        Scenario scenario = world.scenario("F07 F08 F18 F24");
        scenario.traffic(RATE);

        // When
        List<CompletableFuture<Void>> back = new ArrayList<>();
        List<Target> schedule = schedule();
        while (!schedule.isEmpty()) {
            scenario.run(Duration.ofMillis(random.nextInt(500, LONGEST_PAUSE)));
            Part victim = next(schedule);
            scenario.kill(victim);
            System.out.printf(
                    "chaos: %tT kill %d, %s, %d acknowledged%n",
                    LocalTime.now(),
                    KILLS - schedule.size(),
                    victim.name(),
                    world.ledger().acknowledged());
            back.add(bringBack(victim, Duration.ofMillis(random.nextInt(1_000))));
        }
        CompletableFuture.allOf(back.toArray(CompletableFuture[]::new)).join();
        await("enough events are acknowledged")
                .atMost(Duration.ofMinutes(3))
                .until(() -> world.ledger().acknowledged() >= EVENTS);

        // Then
        scenario.conclude();
        assertThat(world.ledger().copies()).isGreaterThan(EVENTS * 18L / 100);
    }

    private List<Target> schedule() {
        List<Target> schedule = new ArrayList<>();
        while (schedule.size() < KILLS) {
            schedule.addAll(List.of(Target.values()));
        }
        Collections.shuffle(schedule, random);
        return schedule;
    }

    /**
     * The first in the schedule of whom one is there to be killed, while at most one other is down: between the kills there must
     * be work to interrupt. Now and then one that is just starting, however many are down.
     */
    private Part next(List<Target> schedule) {
        boolean whileStarting = random.nextInt(10) == 0;
        int lot = random.nextInt(2);
        return await("somebody to kill")
                .atMost(Duration.ofMinutes(2))
                .until(
                        () -> {
                            if (!whileStarting && comingBack.size() > 1) {
                                return null;
                            }
                            for (Target target : schedule) {
                                List<Part> candidates = candidates(target).stream()
                                        .filter(Part::running)
                                        .filter(part -> whileStarting || !comingBack.contains(part))
                                        .<Part>map(part -> part)
                                        .toList();
                                if (!candidates.isEmpty()) {
                                    schedule.remove(target);
                                    return candidates.get(lot % candidates.size());
                                }
                            }
                            return null;
                        },
                        victim -> victim != null);
    }

    private List<? extends Part> candidates(Target target) {
        return switch (target) {
            case RECEIVER -> world.receivers();
            case WORKER -> world.workers();
            case BROKER -> world.brokers();
            case DATABASE -> List.of(world.database());
        };
    }

    /** As an orchestrator would: started again until it answers, also when it is killed on the way. */
    private CompletableFuture<Void> bringBack(Part victim, Duration after) {
        comingBack.add(victim);
        return CompletableFuture.runAsync(
                () -> {
                    await(victim.name() + " comes back")
                            .atMost(Duration.ofMinutes(10))
                            .pollInterval(Duration.ofMillis(250))
                            .until(() -> {
                                victim.launch();
                                return victim.answersQuietly();
                            });
                    comingBack.remove(victim);
                },
                CompletableFuture.delayedExecutor(after.toMillis(), TimeUnit.MILLISECONDS, restarts));
    }
}
