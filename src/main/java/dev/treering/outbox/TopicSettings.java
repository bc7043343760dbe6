package dev.treering.outbox;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;

import dev.treering.event.Topics;
import io.quarkus.logging.Log;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * The settings of our topics, always explicit. Never the broker's auto-creation, which would bring a deleted topic back
 * with the broker's defaults and nobody the wiser.
 */
final class TopicSettings {

    private static final int LARGEST_RECORD = 1024 * 1024;

    // What an operator's topic must have too.
    private static final Map<String, String> MUST = Map.of(
            TopicConfig.CLEANUP_POLICY_CONFIG, "delete",
            // The trail is partitioned by the broker's time: a sender's clock must not choose the month.
            TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "LogAppendTime",
            TopicConfig.UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG, "false");

    private TopicSettings() {}

    static void create(Admin admin, String topic, TopicsConfig config) throws ExecutionException, InterruptedException {
        Optional<Duration> retention = switch (topic) {
            case Topics.CHECKPOINTS -> config.checkpointsRetention();
            case Topics.EVENTS -> Optional.of(config.eventsRetention());
            default -> Optional.of(config.factsRetention());
        };
        // Checkpoints are few, and to be read in their order.
        int partitions = topic.equals(Topics.CHECKPOINTS) ? 1 : config.partitions();
        NewTopic created = new NewTopic(topic, partitions, config.replicationFactor());
        Map<String, String> settings = new HashMap<>(MUST);
        settings.put(
                TopicConfig.RETENTION_MS_CONFIG,
                Long.toString(retention.map(Duration::toMillis).orElse(-1L)));
        settings.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(LARGEST_RECORD));
        settings.put(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, config.replicationFactor() >= 3 ? "2" : "1");
        try {
            admin.createTopics(List.of(created.configs(settings))).all().get();
            Log.infof(
                    "Created topic %s: %d partitions, kept %s",
                    topic,
                    partitions,
                    retention.map(time -> time.toDays() + " days").orElse("for ever"));
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw e;
            }
            // Another instance was faster; that is as good.
        }
    }

    /** Where the topics are not as they must be, in words and in order; nothing when we may not look. */
    static List<String> differences(Admin admin, Collection<String> topics)
            throws ExecutionException, InterruptedException {
        List<ConfigResource> resources = topics.stream()
                .sorted()
                .map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic))
                .toList();
        Map<ConfigResource, Config> actual;
        try {
            actual = admin.describeConfigs(resources).all().get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AuthorizationException) {
                return List.of();
            }
            throw e;
        }
        List<String> differences = new ArrayList<>();
        resources.forEach(topic -> compare(topic.name(), actual.get(topic), differences));
        return differences;
    }

    private static void compare(String topic, Config actual, List<String> differences) {
        new TreeMap<>(MUST).forEach((name, wanted) -> {
            String value = actual.get(name).value();
            if (!value.equals(wanted)) {
                differences.add("%s has %s=%s and should have %s".formatted(topic, name, value, wanted));
            }
        });
        if (Long.parseLong(actual.get(TopicConfig.MAX_MESSAGE_BYTES_CONFIG).value()) < LARGEST_RECORD) {
            differences.add("%s takes smaller records than %d bytes: large webhooks would stay in the outbox"
                    .formatted(topic, LARGEST_RECORD));
        }
    }
}
