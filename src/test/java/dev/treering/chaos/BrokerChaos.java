package dev.treering.chaos;

import java.time.Duration;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** The broker is gone, hangs or crawls: answers come in time all the same, from the outbox. */
@ChaosSuite
class BrokerChaos {

    private static final int RATE = 200;
    // The two timeouts, and what a busy machine of two processors adds.
    private static final int LONGEST_ANSWER = 3_500;

    private World world;

    @BeforeAll
    void start() {
        world = World.named("broker").proxied().start();
    }

    @AfterAll
    void close() {
        if (world != null) {
            world.close();
        }
    }

    @Test
    @Tag("F01")
    void events_are_accepted_in_time_while_the_broker_is_dead() throws Exception {
        // Given
        Scenario scenario = world.scenario("F01");
        scenario.traffic(RATE);
        scenario.run(Duration.ofSeconds(10));

        // When
        scenario.kill(world.broker());
        scenario.named(world.receiver(), status -> status.path("kafka").asText().contains("does not answer"));
        scenario.run(Duration.ofSeconds(3));
        long breakerOpen = System.nanoTime();
        scenario.run(Duration.ofSeconds(15));

        // Then
        assertThat(world.receiver().ready()).isTrue();
        Ledger.Answers meanwhile = world.ledger().answersSince(breakerOpen).until(System.nanoTime() - 4_000_000_000L);
        assertThat(meanwhile.statuses()).containsOnlyKeys(202);
        assertThat(scenario.answers().max()).isLessThanOrEqualTo(LONGEST_ANSWER);
        assertThat(meanwhile.percentile(0.99)).isLessThanOrEqualTo(200);
        world.broker().start();
        scenario.cleared(world.receiver());
        scenario.conclude();
    }
}
