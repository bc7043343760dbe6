package dev.treering.chaos;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

import com.fasterxml.jackson.databind.JsonNode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** One row of the fault matrix being played: counts what is done, and ends with the checker and a line of the report. */
final class Scenario {

    private static final Duration NAMED_WITHIN = Duration.ofSeconds(10);
    private static final Duration CLEARED_WITHIN = Duration.ofSeconds(30);
    private static final Duration SETTLED_WITHIN = Duration.ofSeconds(60);

    private final World world;
    private final String rows;
    private final long begin = System.nanoTime();
    private final long acknowledgedBefore;
    private final long copiesBefore;
    // Instances that live through it have counters that must add up.
    private final Map<Instance, Long> pids = new HashMap<>();
    private int kills;

    Scenario(World world, String rows) {
        this.world = world;
        this.rows = rows;
        acknowledgedBefore = world.ledger().acknowledged();
        copiesBefore = world.ledger().copies();
        world.instances().forEach(instance -> {
            pids.put(instance, instance.pid());
            // What it takes before anything is done to it, for I6 to compare with.
            instance.firstFootprint();
        });
    }

    /** New events a second from now on. */
    void traffic(int perSecond) {
        world.traffic().rate(perSecond);
    }

    /** Lets it go on for so long. */
    void run(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        await().atMost(time.plusSeconds(10))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> System.nanoTime() - end >= 0);
    }

    /** {@code kill -9}, counted. */
    void kill(Part part) {
        part.kill();
        kills++;
    }

    /** Ends every fault. */
    void heal() {
        world.heal();
    }

    /** No new events, and waits until all that were sent have been accepted. */
    void settle() {
        world.traffic().settle(SETTLED_WITHIN);
    }

    /** The answers to everything sent since this scenario began. */
    Ledger.Answers answers() {
        return world.ledger().answersSince(begin);
    }

    /** I7: {@code /api/status} says so within ten seconds, counted from now. */
    void named(Instance instance, Predicate<JsonNode> fault) {
        awaitStatus("I7: the fault is named", instance, NAMED_WITHIN, fault);
    }

    /** I7: {@code /api/status} is ok within thirty seconds, counted from now. */
    void cleared(Instance instance) {
        awaitStatus(
                "I7: the fault is cleared",
                instance,
                CLEARED_WITHIN,
                status -> status.path("state").asText().equals("ok"));
    }

    private static void awaitStatus(String what, Instance instance, Duration within, Predicate<JsonNode> wanted) {
        await(what).atMost(within).ignoreExceptions().untilAsserted(() -> {
            JsonNode status = instance.status();
            assertThat(wanted.test(status)).as("%s: %s", what, status).isTrue();
        });
    }

    /** Heals, waits until everything has caught up, checks every invariant, and reports. */
    void conclude() {
        world.traffic().rate(0);
        world.heal();
        Ledger.Answers answers = answers();
        Oracle oracle = new Oracle(world, lived());
        oracle.check();
        Report.line(
                rows,
                Duration.ofNanos(System.nanoTime() - begin),
                world.ledger().acknowledged() - acknowledgedBefore,
                world.ledger().copies() - copiesBefore,
                kills,
                answers,
                oracle);
        oracle.assertNothingViolated();
    }

    private Predicate<Instance> lived() {
        return instance -> pids.containsKey(instance) && pids.get(instance) == instance.pid();
    }
}
