package dev.treering.chaos;

import java.time.Duration;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

/** The database's disk is full until a person makes room. */
@ChaosSuite
class DiskChaos {

    private static final int RATE = 150;
    private static final int MEGABYTES = 250;

    private World world;
    private Disk disk;
    private Instance worker;

    @BeforeAll
    void start() throws Exception {
        assumeThat(Disk.possible())
                .as("F28 is skipped: a small disk needs the right to mount one")
                .isTrue();
        world = World.named("disk").workers(0).start();
        // It answers, so that it can be asked what it waits for.
        worker = world.instance("worker", "worker,api");
        worker.start();
        world.workers().add(worker);
        disk = new Disk(world.folder(), MEGABYTES);
        disk.start();
        world.database().stop("INT");
        world.database().moveTo(disk);
        world.database().start();
    }

    @AfterAll
    void close() {
        if (world != null) {
            world.close();
            disk.close();
        }
    }

    @Test
    @Tag("F28")
    void a_full_disk_stops_the_history_and_nobody_who_sends() throws Exception {
        // Given
        Scenario scenario = world.scenario("F28");
        scenario.traffic(RATE);
        scenario.run(Duration.ofSeconds(5));

        // When
        disk.fill();
        scenario.named(
                worker,
                status -> status.path("state").asText().equals("degraded")
                        && status.path("waiting").has("history"));
        scenario.run(Duration.ofSeconds(8));
        // Then
        assertThat(scenario.answers().statuses()).containsOnlyKeys(202);
        assertThat(world.receiver().ready()).isTrue();

        // When a person makes room
        disk.clear();
        world.heal();
        // Then
        scenario.cleared(world.receiver());
        scenario.cleared(worker);
        assertThat(world.database().number("select count(*) from dead_letter")).isZero();
        scenario.conclude();
    }
}
