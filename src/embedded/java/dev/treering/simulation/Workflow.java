package dev.treering.simulation;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * One workflow of a run. It is told once for each of its {@code stops}: a cancelled one stops, as CircleCI reports it, first
 * in the moment it was created and then once more for each job that ran in parallel, later every time.
 */
public record Workflow(UUID id, String name, Instant createdAt, List<Instant> stops, String outcome, List<Job> jobs) {

    public Workflow {
        if (stops.isEmpty()) {
            throw new IllegalArgumentException("Workflow " + name + " must stop at least once.");
        }
    }

    public Instant stoppedAt() {
        return stops.get(stops.size() - 1);
    }

    boolean stoppedBy(Instant moment) {
        return !moment.isBefore(stoppedAt());
    }

    String statusAt(Instant moment) {
        if (stoppedBy(moment)) {
            return outcome;
        }
        Set<String> states = jobs.stream().map(job -> job.statusAt(moment)).collect(Collectors.toSet());
        if (states.contains("failed")) {
            return "failing";
        }
        boolean working = states.contains("running") || states.contains("queued");
        return states.contains("on_hold") && !working ? "on_hold" : "running";
    }
}
