package dev.treering.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.function.Predicate;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.parallel.Isolated;

import static org.assertj.core.api.Assertions.assertThat;

/** The broker is gone, hangs or crawls, the database too, or there is too much at once: answers come in time all the same. */
@ChaosSuite
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Isolated("measures how long an answer takes")
class BrokerChaos {

    private static final int RATE = 200;
    private static final int LONGEST_ANSWER = 3_500;
    private static final int MOST_LINES = 100;
    private static final Predicate<JsonNode> KAFKA =
            status -> status.path("kafka").asText().contains("does not answer");
    private static final Predicate<JsonNode> DATABASE =
            status -> !status.path("postgresql").asText().equals("takes writes");

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
        Scenario scenario = underLoad("F01");

        // When
        scenario.kill(world.broker());

        // Then
        acceptsInTimeWithoutKafka(scenario);
        scenario.heal();
        scenario.cleared(world.receiver());
        scenario.conclude();
    }

    @Test
    @Tag("F02")
    void events_are_accepted_in_time_while_the_broker_hangs() throws Exception {
        // Given
        Scenario scenario = underLoad("F02");

        // When
        world.broker().freeze();

        // Then
        acceptsInTimeWithoutKafka(scenario);
        scenario.heal();
        scenario.cleared(world.receiver());
        scenario.conclude();
    }

    @Test
    @Tag("F03")
    void what_a_slow_broker_does_not_take_in_time_goes_to_the_outbox() {
        // Given
        Scenario scenario = underLoad("F03");
        double stored = world.receiver().metric("treering_webhooks_outboxed_total");

        // When
        world.brokerProxy().delay(Duration.ofMillis(500));
        scenario.run(Duration.ofSeconds(5));
        world.brokerProxy().narrow(64 * 1024);
        scenario.run(Duration.ofSeconds(5));

        // Then
        scenario.heal();
        scenario.settle();
        assertThat(world.receiver().metric("treering_webhooks_outboxed_total")).isGreaterThan(stored);
        assertThat(scenario.answers().statuses()).containsOnlyKeys(202);
        assertThat(scenario.answers().max()).isLessThanOrEqualTo(LONGEST_ANSWER);
        scenario.conclude();
    }

    @Test
    @Tag("F06")
    void nothing_is_accepted_while_both_stores_are_dead() throws Exception {
        // Given
        Scenario scenario = underLoad("F06 dead");

        // When
        scenario.kill(world.broker());
        scenario.kill(world.database());

        // Then
        refusesInTime(scenario);
    }

    @Test
    @Tag("F06")
    void nothing_is_accepted_while_both_stores_hang() throws Exception {
        // Given
        Scenario scenario = underLoad("F06 hung");

        // When
        world.broker().freeze();
        world.database().freeze();

        // Then
        refusesInTime(scenario);
    }

    // Last, for what it leaves behind every check after it would have to read.
    @Test
    @Order(Integer.MAX_VALUE)
    @Tag("F13")
    void a_tenfold_burst_is_accepted_or_refused_but_never_left_hanging() {
        // Given
        Scenario scenario = underLoad("F13");

        // When
        scenario.traffic(10 * RATE);
        scenario.run(Duration.ofSeconds(12));
        scenario.traffic(RATE);
        scenario.settle();

        // Then
        assertThat(scenario.answers().statuses()).containsKey(202).doesNotContainKey(0);
        assertThat(scenario.answers().statuses().keySet()).isSubsetOf(202, 429, 503);
        assertThat(scenario.answers().max()).isLessThanOrEqualTo(5_000);
        scenario.conclude();
    }

    private Scenario underLoad(String rows) {
        Scenario scenario = world.scenario(rows);
        scenario.traffic(RATE);
        scenario.run(Duration.ofSeconds(3));
        return scenario;
    }

    private void acceptsInTimeWithoutKafka(Scenario scenario) throws Exception {
        scenario.named(world.receiver(), KAFKA);
        // The last that waited for Kafka have their answers; from here on the breaker is known to be open.
        scenario.run(Duration.ofSeconds(3));
        long open = System.nanoTime();
        scenario.run(Duration.ofSeconds(7));
        assertThat(world.receiver().ready()).isTrue();
        Ledger.Answers meanwhile = world.ledger().answersSince(open);
        assertThat(meanwhile.all()).hasSizeGreaterThan(5 * RATE);
        assertThat(meanwhile.statuses()).containsOnlyKeys(202);
        // One request a second finds out whether Kafka is back, and not even that one waits for it.
        assertThat(meanwhile.percentile(0.995)).isLessThanOrEqualTo(200);
        assertThat(meanwhile.max()).isLessThan(1_000);
        // Nor where each is the one: CircleCI sends less than one a second, mostly.
        scenario.traffic(1);
        scenario.run(Duration.ofSeconds(1));
        long slowly = System.nanoTime();
        scenario.run(Duration.ofSeconds(5));
        Ledger.Answers single = world.ledger().answersSince(slowly);
        assertThat(single.all()).isNotEmpty();
        assertThat(single.percentile(0.5)).isLessThanOrEqualTo(200);
        scenario.traffic(RATE);
        assertThat(scenario.answers().max()).isLessThanOrEqualTo(LONGEST_ANSWER);
    }

    private void refusesInTime(Scenario scenario) throws Exception {
        scenario.named(world.receiver(), KAFKA.and(DATABASE));
        long down = System.nanoTime();
        long linesBefore = linesOfTheLog();
        scenario.run(Duration.ofSeconds(6));
        assertThat(world.receiver().ready()).isFalse();
        Ledger.Answers meanwhile = world.ledger().answersSince(down);
        assertThat(meanwhile.all()).isNotEmpty().allMatch(answer -> answer.status() == 503 && answer.retryAfter());
        // What is refused hundreds of times a second is not written down as often.
        assertThat(linesOfTheLog() - linesBefore).isLessThan(MOST_LINES);
        assertThat(scenario.answers().max()).isLessThanOrEqualTo(LONGEST_ANSWER);
        scenario.heal();
        scenario.cleared(world.receiver());
        scenario.conclude();
    }

    private long linesOfTheLog() throws IOException {
        try (Stream<String> lines = Files.lines(world.receiver().log())) {
            return lines.count();
        }
    }
}
