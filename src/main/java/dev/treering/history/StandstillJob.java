package dev.treering.history;

import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;

import jakarta.inject.Singleton;

import dev.treering.support.Role;
import dev.treering.support.SchemaJob;
import dev.treering.support.TreeringConfig;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/** Where no worker runs in this process: whether those elsewhere record what Kafka has. */
@Singleton
public class StandstillJob {

    private final Unread unread;
    private final SchemaJob schema;
    private final boolean watching;
    private Map<TopicPartition, Long> ends = Map.of();
    private long waiting;
    private volatile String problem;

    StandstillJob(Unread unread, SchemaJob schema, TreeringConfig treering) {
        this.unread = unread;
        this.schema = schema;
        watching = treering.roles().contains(Role.API) && !treering.roles().contains(Role.WORKER);
    }

    /** What is wrong; empty while facts are recorded, none waits, or a store is away, which is said elsewhere. */
    public Optional<String> problem() {
        return Optional.ofNullable(problem);
    }

    @Scheduled(
            every = "4s",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void look() {
        if (!watching || !schema.current()) {
            return;
        }
        try {
            boolean stands = waiting > 0 && unread.before(ends) == waiting;
            problem = stands ? "%d records wait, and no worker records them".formatted(waiting) : null;
            ends = unread.ends();
            waiting = unread.before(ends);
        } catch (KafkaException | SQLException e) {
            problem = null;
            waiting = 0;
        }
    }
}
