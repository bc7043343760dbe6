package dev.treering.outbox;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

import jakarta.annotation.PreDestroy;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import dev.treering.event.Topics;
import dev.treering.support.Notice;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import io.smallrye.common.annotation.Identifier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Creates the topics, or checks that an operator has, and then watches them. A topic that was there and is gone is not
 * made again: that is for a person to decide, or for a restart. Until then webhooks go to the outbox.
 */
@Singleton
public class TopicsJob {

    private final Map<String, Object> broker;
    private final TopicsConfig config;
    private final Publisher publisher;
    private final Event<Remade> remade;
    private final Notice notice = new Notice();
    private final Notice settings = new Notice();
    private final Map<String, TopicDescription> known = new HashMap<>();
    private volatile Map<String, String> ids = Map.of();
    private final AtomicInteger unled;
    private final AtomicInteger underReplicated;
    private volatile boolean answer;
    private volatile List<String> differences = List.of();
    private volatile String problem = "Kafka was not asked for its topics yet";
    private Admin admin;

    /** A topic of the same name is another one now: its offsets begin anew. */
    public record Remade(String name) {}

    TopicsJob(
            @Identifier("default-kafka-broker") Map<String, Object> broker,
            TopicsConfig config,
            Publisher publisher,
            Event<Remade> remade,
            MeterRegistry meters) {
        unled = partitions(meters, "offline");
        underReplicated = partitions(meters, "under_replicated");
        this.broker = broker;
        this.config = config;
        this.publisher = publisher;
        this.remade = remade;
    }

    // Before the consumers subscribe (their channels open at 1000), so that they find their topics.
    void start(@Observes @Priority(200) StartupEvent event) {
        watch();
    }

    @Scheduled(
            every = "2s",
            delayed = "2s",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void watch() {
        try {
            Map<String, TopicDescription> found = describe();
            answer = true;
            count(found.values());
            if (known.isEmpty() && config.mode() == TopicsConfig.Mode.CREATE) {
                for (String topic : missing(found)) {
                    TopicSettings.create(admin(), topic, config);
                }
            } else if (!missing(found).isEmpty()) {
                report(missing(found));
                return;
            }
            if (ready()) {
                compare(found);
            } else if (prepared()) {
                compare(describe());
            }
        } catch (ExecutionException | KafkaException e) {
            answer = false;
            Throwable cause = e instanceof ExecutionException ? e.getCause() : e;
            // Once they were seen, an outage is the publisher's to say.
            if (!ready()) {
                problem = "does not answer: " + cause.getMessage();
                notice.say("Kafka is not ready, trying again every 2 s: " + cause.getMessage());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static AtomicInteger partitions(MeterRegistry meters, String state) {
        return meters.gauge("treering.kafka.partitions", Tags.of("state", state), new AtomicInteger());
    }

    /** Partitions that nobody leads, or that fewer brokers have than should: what a record waits for before it is durable. */
    private void count(Collection<TopicDescription> topics) {
        List<TopicPartitionInfo> partitions =
                topics.stream().flatMap(topic -> topic.partitions().stream()).toList();
        unled.set((int) partitions.stream()
                .filter(partition ->
                        partition.leader() == null || partition.leader().isEmpty())
                .count());
        underReplicated.set((int) partitions.stream()
                .filter(partition ->
                        partition.isr().size() < partition.replicas().size())
                .count());
    }

    private Map<String, TopicDescription> describe() throws ExecutionException, InterruptedException {
        Map<String, TopicDescription> found = new HashMap<>();
        for (var topic : admin().describeTopics(Topics.ALL).topicNameValues().entrySet()) {
            try {
                found.put(topic.getKey(), topic.getValue().get());
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw e;
                }
            }
        }
        return found;
    }

    private static List<String> missing(Map<String, TopicDescription> found) {
        return Topics.ALL.stream().filter(topic -> !found.containsKey(topic)).toList();
    }

    private void report(List<String> missing) {
        problem = "Kafka lacks the topics " + missing;
        notice.say(
                known.isEmpty()
                        ? problem + ". Create them, or set treering.topics=create"
                        : problem
                                + ", which were there. Who deleted them? Webhooks go to the outbox until they are made"
                                + " again, by you or (treering.topics=create) by a restart of Treering");
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

    /** Says what is not as it was, or not as it must be. All of it goes on, and nothing is lost by that. */
    private void compare(Map<String, TopicDescription> found) throws ExecutionException, InterruptedException {
        List<String> begunAnew = new ArrayList<>();
        Map<String, String> foundIds = new HashMap<>();
        for (TopicDescription topic : found.values()) {
            foundIds.put(topic.name(), topic.topicId().toString());
            TopicDescription before = known.put(topic.name(), topic);
            if (before == null) {
                continue;
            }
            if (!before.topicId().equals(topic.topicId())) {
                Log.errorf("%s was deleted and made anew. It is read from its beginning", topic.name());
                begunAnew.add(topic.name());
            } else if (before.partitions().size() != topic.partitions().size()) {
                Log.warnf(
                        "%s has %d partitions now, and had %d: some projects moved to another one. That is harmless here;"
                                + " other consumers may rely on their order",
                        topic.name(),
                        topic.partitions().size(),
                        before.partitions().size());
            }
        }
        differences = TopicSettings.differences(admin(), found.keySet());
        if (differences.isEmpty()) {
            settings.over();
        } else {
            settings.say(String.join("; ", differences));
        }
        ids = Map.copyOf(foundIds);
        problem = missing(found).isEmpty() ? null : "Kafka lacks the topics " + missing(found);
        begunAnew.forEach(name -> remade.fire(new Remade(name)));
    }

    private Admin admin() {
        if (admin == null) {
            Map<String, Object> settings = new HashMap<>(broker);
            settings.keySet().retainAll(AdminClientConfig.configNames());
            settings.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, 2000);
            settings.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 4000);
            admin = Admin.create(settings);
        }
        return admin;
    }

    /** Whether Kafka answered when it was last asked for the topics, two seconds ago at most. */
    public boolean answer() {
        return answer;
    }

    /** Whether all topics are there and the producer knows them. */
    public boolean ready() {
        return problem == null;
    }

    /** What is wrong with the topics; null when nothing is. */
    public String problem() {
        return problem;
    }

    /** Where their settings are not as they should be, in words. */
    public List<String> differences() {
        return differences;
    }

    /** Kafka's id of the topic, which a topic made anew does not share; null while it is not known. */
    public String id(String topic) {
        return ids.get(topic);
    }

    @PreDestroy
    void close() {
        if (admin != null) {
            admin.close(Duration.ofSeconds(1));
        }
    }
}
