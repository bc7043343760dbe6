package dev.treering.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

import static org.assertj.core.api.Assertions.assertThat;

/** A new version goes out: every instance is stopped and started in turn, behind a balancer that asks who is ready. */
@ChaosSuite
@Isolated("must see no warning of what came late")
class DeployChaos {

    private static final int RATE = Integer.getInteger("treering.rate", 300);
    private static final int RESTARTS = Integer.getInteger("treering.restarts", 10);
    private static final Duration LONGEST_STOP = Duration.ofSeconds(30);
    private static final Pattern TROUBLE = Pattern.compile("^\\S+ (WARN|ERROR|FATAL)|Exception|SRMSG");

    private World world;

    @BeforeAll
    void start() {
        world = World.named("deploy")
                .receivers(2)
                .together()
                .with("QUARKUS_SHUTDOWN_DELAY", "3S")
                .start();
    }

    @AfterAll
    void close() {
        if (world != null) {
            world.close();
        }
    }

    @Test
    @Tag("F48")
    void no_request_fails_while_every_instance_is_replaced_in_turn() {
        // Given
        Scenario scenario = world.scenario("F48");
        try (Balancer balancer = new Balancer(world.receivers());
                Traffic clients = new Traffic(
                        world.ledger(), List.of(new Traffic.Door("balancer", balancer.port())), Seed.VALUE + 1)) {
            clients.rate(RATE);
            scenario.run(Duration.ofSeconds(3));

            // When
            for (int turn = 0; turn < RESTARTS; turn++) {
                replace(world.receivers().get(turn % 2));
                // As minReadySeconds does: who has just come finds its stride before the other goes.
                scenario.run(Duration.ofSeconds(3));
            }
            scenario.run(Duration.ofSeconds(3));
            clients.settle(Duration.ofSeconds(30));
        }

        // Then
        assertThat(scenario.answers().all())
                .filteredOn(answer -> answer.status() != 202)
                .isEmpty();
        assertThat(world.instances())
                .allSatisfy(instance ->
                        assertThat(trouble(instance)).as(instance.name()).isEmpty());
        scenario.conclude();
    }

    private static void replace(Instance instance) {
        Part.Ended ended = instance.stop();
        // 128 and the number of SIGTERM, or an orderly 0: it was not cut off.
        assertThat(ended.exitCode()).as("exit code of %s", instance.name()).isIn(0, 143);
        assertThat(ended.duration()).as("stop of %s", instance.name()).isLessThan(LONGEST_STOP);
        instance.start();
    }

    private static List<String> trouble(Instance instance) {
        try (Stream<String> lines = Files.lines(instance.log())) {
            return lines.filter(line -> TROUBLE.matcher(line).find())
                    // On the very first start a receiver may be up before a worker has made the schema.
                    .filter(line -> !line.contains("The schema is older than this version"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
