package dev.treering.notification;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.UUID;

import dev.treering.event.Outcome;
import dev.treering.event.Transition;
import dev.treering.support.Uuids;

/**
 * A run of a workflow among those of its name on its branch, as the history knows it at one moment.
 *
 * @param restingSince when its last job stopped, else when it began: since when a run on hold waits
 * @param passedBefore whether any before it passed
 * @param failuresBefore how many failed since that
 * @param failingSince when the first of these stopped
 * @param newer the status of the newest run after it that has passed or failed
 */
record Run(
        UUID id,
        UUID projectId,
        String slug,
        String defaultBranch,
        String workflow,
        String branch,
        String actor,
        UUID pipelineId,
        Long pipelineNumber,
        Instant pipelineCreatedAt,
        Instant createdAt,
        Instant stoppedAt,
        String status,
        Instant restingSince,
        boolean passedBefore,
        int failuresBefore,
        Instant failingSince,
        String newer) {

    /** An older pipeline comes before a newer one, and a first run before its rerun. */
    static final Comparator<Run> ORDER = Comparator.comparing(Run::pipelineCreatedAt)
            .thenComparing(Run::createdAt)
            .thenComparing(Run::id);

    /** Of all runs of this workflow on this branch. */
    UUID key() {
        return Uuids.named("notification/%s|%s|%s".formatted(projectId, workflow, branch));
    }

    Outcome outcome() {
        return Outcome.of(status);
    }

    Transition transition() {
        if (branch == null) {
            return null;
        }
        Outcome before = failuresBefore > 0 ? Outcome.FAILURE : passedBefore ? Outcome.SUCCESS : null;
        return Transition.of(before, outcome());
    }

    /** With this one, where it failed. */
    int failuresInARow() {
        return failuresBefore + (outcome() == Outcome.FAILURE ? 1 : 0);
    }

    /** Null where nothing is or was broken. */
    Instant brokenSince() {
        return failuresBefore > 0 ? failingSince : outcome() == Outcome.FAILURE ? stoppedAt : null;
    }

    Long durationSeconds() {
        return stoppedAt == null ? null : Duration.between(createdAt, stoppedAt).toSeconds();
    }

    /** Until this run stopped. */
    Duration broken() {
        return brokenSince() == null || stoppedAt == null ? Duration.ZERO : Duration.between(brokenSince(), stoppedAt);
    }
}
