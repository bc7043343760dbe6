package dev.treering.chaos;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;

import dev.treering.event.Topics;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartitionInfo;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** Three brokers, of which two must have a record: some of them die. */
@ChaosSuite
class ReplicationChaos {

    private static final int RATE = 100;

    private World world;

    @BeforeAll
    void start() {
        world = World.named("replication").brokers(3).start();
    }

    @AfterAll
    void close() {
        if (world != null) {
            world.close();
        }
    }

    @Test
    @Tag("F04")
    void nothing_counts_as_published_that_one_broker_alone_has() {
        // Given
        Scenario scenario = world.scenario("F04");
        scenario.traffic(RATE);
        scenario.run(Duration.ofSeconds(3));

        // When
        world.brokers().stream().skip(1).forEach(scenario::kill);
        scenario.named(world.receiver(), status -> status.path("kafka").asText().contains("does not answer"));
        scenario.run(Duration.ofSeconds(3));
        double published = published();
        long alone = System.nanoTime();
        scenario.run(Duration.ofSeconds(7));

        // Then
        assertThat(published()).isEqualTo(published);
        Ledger.Answers meanwhile = world.ledger().answersSince(alone);
        assertThat(meanwhile.all()).isNotEmpty();
        assertThat(meanwhile.statuses()).containsOnlyKeys(202);
        assertThat(meanwhile.max()).isLessThanOrEqualTo(3_500);
        scenario.heal();
        scenario.cleared(world.receiver());
        scenario.conclude();
    }

    @Test
    @Tag("F05")
    void a_leader_may_die_five_times() {
        // Given
        Scenario scenario = world.scenario("F05");
        scenario.traffic(RATE);

        // When
        for (int death = 0; death < 5; death++) {
            scenario.run(Duration.ofSeconds(1));
            int leader = partitions().get(0).leader().id();
            Broker victim = world.brokers().stream()
                    .filter(broker -> broker.node() == leader)
                    .findFirst()
                    .orElseThrow();
            scenario.kill(victim);
            scenario.run(Duration.ofSeconds(2));
            victim.start();
            await("every replica is in sync")
                    .atMost(Duration.ofSeconds(60))
                    .ignoreExceptions()
                    .until(() -> partitions().stream()
                            .allMatch(partition -> partition.isr().size() == 3));
        }

        // Then
        scenario.settle();
        assertThat(scenario.answers().statuses()).containsOnlyKeys(202);
        assertThat(scenario.answers().max()).isLessThanOrEqualTo(3_500);
        scenario.conclude();
        // A repeated attempt of the producer leaves no second record; only what went through the outbox too may have
        // one.
        assertThat(
                        world.database()
                                .number(
                                        "select count(*) - count(distinct receipt) from trail where topic = 'circleci.webhooks'"))
                .isLessThanOrEqualTo((long) world.receiver().metric("treering_webhooks_outboxed_total"));
    }

    private double published() {
        return world.receiver().metric("treering_webhooks_published_total");
    }

    private List<TopicPartitionInfo> partitions() {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", world.bootstrapServers()))) {
            return admin.describeTopics(List.of(Topics.WEBHOOKS))
                    .allTopicNames()
                    .get()
                    .get(Topics.WEBHOOKS)
                    .partitions();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
