package dev.treering.outbox;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import dev.treering.event.Topics;
import dev.treering.support.Notice;
import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import io.smallrye.common.annotation.Identifier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * Creates the topics with explicit settings, or checks that an operator has. Never by the broker's auto-creation, which
 * would bring a deleted topic back with the broker's defaults and nobody the wiser.
 */
@Singleton
public class TopicsJob {

    private static final int LARGEST_RECORD = 1024 * 1024;

    private final Map<String, Object> broker;
    private final TopicsConfig config;
    private final Publisher publisher;
    private final Notice waiting = new Notice();
    private volatile boolean ready;

    TopicsJob(
            @Identifier("default-kafka-broker") Map<String, Object> broker, TopicsConfig config, Publisher publisher) {
        this.broker = broker;
        this.config = config;
        this.publisher = publisher;
    }

    // Before the consumers subscribe (their channels open at 1000), so that they find their topics.
    void start(@Observes @Priority(200) StartupEvent event) {
        bringUp();
    }

    @Scheduled(
            every = "2s",
            delayed = "2s",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void bringUp() {
        if (ready) {
            return;
        }
        Map<String, Object> settings = new HashMap<>(broker);
        settings.keySet().retainAll(AdminClientConfig.configNames());
        settings.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, 2000);
        settings.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 4000);
        try (Admin admin = Admin.create(settings)) {
            Set<String> present = admin.listTopics().names().get();
            List<String> missing = Topics.ALL.stream()
                    .filter(topic -> !present.contains(topic))
                    .toList();
            if (!missing.isEmpty() && config.mode() == TopicsConfig.Mode.VERIFY) {
                waiting.say("Kafka lacks the topics %s. Create them, or set treering.topics=create".formatted(missing));
                return;
            }
            for (String topic : missing) {
                create(admin, topic);
            }
            ready = prepared();
        } catch (ExecutionException | KafkaException e) {
            Throwable cause = e instanceof ExecutionException ? e.getCause() : e;
            waiting.say("Kafka is not ready, trying again every 2 s: " + cause.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean prepared() throws InterruptedException {
        List<String> unprepared = new ArrayList<>();
        for (String topic : Topics.ALL) {
            if (!publisher.prepare(topic, Duration.ofSeconds(3))) {
                unprepared.add(topic);
            }
        }
        return unprepared.isEmpty();
    }

    private void create(Admin admin, String topic) throws ExecutionException, InterruptedException {
        Duration retention = topic.equals(Topics.EVENTS) ? config.eventsRetention() : config.factsRetention();
        Map<String, String> settings = Map.of(
                TopicConfig.CLEANUP_POLICY_CONFIG,
                TopicConfig.CLEANUP_POLICY_DELETE,
                TopicConfig.RETENTION_MS_CONFIG,
                Long.toString(retention.toMillis()),
                // The trail is partitioned by the broker's time: a sender's clock must not choose the month.
                TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG,
                "LogAppendTime",
                TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
                Integer.toString(LARGEST_RECORD),
                TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG,
                config.replicationFactor() >= 3 ? "2" : "1",
                TopicConfig.UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG,
                "false");
        try {
            admin.createTopics(List.of(
                            new NewTopic(topic, config.partitions(), config.replicationFactor()).configs(settings)))
                    .all()
                    .get();
            Log.infof("Created topic %s: %d partitions, kept %d days", topic, config.partitions(), retention.toDays());
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw e;
            }
            // Another instance was faster; that is as good.
        }
    }

    /** Whether all topics were seen and the producer knows them. */
    public boolean ready() {
        return ready;
    }
}
