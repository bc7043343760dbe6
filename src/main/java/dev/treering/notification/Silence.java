package dev.treering.notification;

import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

import dev.treering.support.Problem;

/**
 * What nobody is told of for a while.
 *
 * @param id ours, like {@code author} and {@code startsAt}: what is sent of these does not count
 */
public record Silence(
        UUID id,
        String project,
        String workflow,
        String branch,
        String actor,
        String reason,
        String author,
        Instant startsAt,
        Instant endsAt) {

    private static final Duration LONGEST = Duration.ofDays(7);
    private static final String REASON = "(?=.*\\S)\\P{Cntrl}{1,300}";

    /** As it was asked for, if that can be. */
    Silence asked(UUID newId, String by, Instant now) {
        if (reason == null || !reason.matches(REASON)) {
            throw Problem.badRequest("'reason' must say in 1 to 300 characters why");
        }
        if (endsAt == null || !endsAt.isAfter(now) || endsAt.isAfter(now.plus(LONGEST))) {
            throw Problem.badRequest("'ends_at' must be a time within the next 7 days");
        }
        matcher().mustBeShort();
        return new Silence(newId, project, workflow, branch, actor, reason, by, now, endsAt);
    }

    private Matcher matcher() {
        return new Matcher(project, workflow, branch, actor);
    }

    boolean covers(Run run, Instant at) {
        return !at.isBefore(startsAt)
                && at.isBefore(endsAt)
                && matcher().mismatch(run).isEmpty();
    }
}
