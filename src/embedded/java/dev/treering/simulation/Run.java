package dev.treering.simulation;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** One pipeline and everything that ever happens in it, decided in advance. */
public record Run(Project project, UUID id, long number, Instant createdAt, Commit commit, List<Workflow> workflows) {

    boolean begunBy(Instant moment) {
        return !moment.isBefore(createdAt);
    }

    public Instant stoppedAt() {
        return workflows.stream()
                .map(Workflow::stoppedAt)
                .max(Instant::compareTo)
                .orElse(createdAt);
    }
}
