package dev.treering.notification;

import java.sql.SQLException;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import dev.treering.support.Notice;
import dev.treering.support.Role;
import dev.treering.support.SchemaJob;
import dev.treering.support.TreeringConfig;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;

/** The beat of deciding what is told. */
@Singleton
class NotificationJob {

    private interface Step {

        void run() throws SQLException;
    }

    private final Decider decider;
    private final TreeringConfig treering;
    private final SchemaJob schema;
    private final Notice waiting = new Notice();
    private volatile boolean stopping;

    NotificationJob(Decider decider, TreeringConfig treering, SchemaJob schema) {
        this.decider = decider;
        this.treering = treering;
        this.schema = schema;
    }

    @Scheduled(
            every = "${treering.notification.interval}",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void decide() {
        guarded(() -> {
            boolean more = true;
            while (more && !stopping) {
                more = decider.decide();
            }
        });
    }

    @Scheduled(
            every = "1h",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void prune() {
        guarded(decider::prune);
    }

    private void guarded(Step step) {
        if (stopping || !schema.current() || !treering.roles().contains(Role.WORKER)) {
            return;
        }
        try {
            step.run();
            waiting.over();
        } catch (SQLException | IllegalStateException e) {
            // What is used may close under a round that a stop finds under way: nothing is lost by that.
            if (!stopping) {
                waiting.say("What is to be told cannot be decided, trying again: " + e.getMessage());
            }
        }
    }

    void stop(@Observes ShutdownEvent event) {
        stopping = true;
    }
}
