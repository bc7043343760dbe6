package dev.treering.notification;

import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

import dev.treering.support.Problem;

/** What nobody is told of for a while. */
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

    /** Refuses what cannot be; itself. */
    Silence checked() {
        if (reason == null || !reason.matches(REASON)) {
            throw Problem.badRequest("'reason' must say in 1 to 300 characters why");
        }
        if (endsAt == null || !endsAt.isAfter(startsAt) || endsAt.isAfter(startsAt.plus(LONGEST))) {
            throw Problem.badRequest("'ends_at' must be within 7 days: 2026-10-25T08:00:00Z, 2026-10-25, 7d or 12h");
        }
        matcher().mustBeShort();
        return this;
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
