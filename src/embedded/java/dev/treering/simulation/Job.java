package dev.treering.simulation;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/** One job's whole life; what of it can be seen depends on when somebody looks. */
public record Job(
        UUID id,
        String name,
        boolean approval,
        OptionalLong number,
        List<UUID> dependencies,
        Instant createdAt,
        Instant queuedAt,
        Optional<Instant> startedAt,
        Instant stoppedAt,
        String outcome,
        Machine machine) {

    /** Where a job runs. */
    public record Machine(String resourceClass, int parallelism, List<String> contexts) {}

    public Job {
        if (number.isPresent() != (startedAt.isPresent() && !approval)) {
            throw new IllegalArgumentException("Job " + name + " must have a number exactly when a machine ran it.");
        }
    }

    boolean stoppedBy(Instant moment) {
        return !moment.isBefore(stoppedAt);
    }

    boolean startedBy(Instant moment) {
        return startedAt.filter(start -> !moment.isBefore(start)).isPresent();
    }

    /** Whether it came to an end of its own, and not by a cancellation. */
    boolean finishedBy(Instant moment) {
        return stoppedBy(moment) && (outcome.equals("success") || outcome.equals("failed"));
    }

    /** What fails, fails in a test. */
    boolean hasTests() {
        return name.contains("test") || outcome.equals("failed");
    }

    String statusAt(Instant moment) {
        if (stoppedBy(moment)) {
            return outcome;
        }
        if (moment.isBefore(queuedAt) || startedAt.isEmpty()) {
            return "blocked";
        }
        if (approval) {
            return "on_hold";
        }
        return startedBy(moment) ? "running" : "queued";
    }

    Duration duration() {
        return startedAt.map(start -> Duration.between(start, stoppedAt)).orElse(Duration.ZERO);
    }
}
