package dev.treering.notification;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

import dev.treering.event.Outcome;
import dev.treering.notification.Verdict.Reason;

/**
 * Whether a rule tells of a run: from what is given alone, the same for now and for what would have been. How many may be
 * told at once is not its matter.
 *
 * @param groupWait what is over again within it was never told
 */
record Policy(Duration groupWait, Duration maxAge, Duration repeatInterval) {

    /** The newest run that a rule told of for a key, and when. */
    record Told(UUID workflowId, Instant pipelineCreatedAt, Instant createdAt, Instant decidedAt) {

        static Told of(Run run, Instant at) {
            return new Told(run.id(), run.pipelineCreatedAt(), run.createdAt(), at);
        }

        private boolean isAfter(Run run) {
            int pipelines = pipelineCreatedAt.compareTo(run.pipelineCreatedAt());
            return pipelines > 0 || pipelines == 0 && createdAt.isAfter(run.createdAt());
        }
    }

    /** @param last null where the rule has told of none of this key */
    Verdict judge(Rule rule, Run run, Told last, List<Silence> silences, Instant now) {
        Optional<String> mismatch = rule.matcher().mismatch(run);
        if (mismatch.isPresent()) {
            return Verdict.of(Reason.PATTERN, mismatch.get());
        }
        Verdict verdict = rule.kind() == Rule.Kind.NEEDS_APPROVAL ? held(rule, run, now) : ended(rule, run, last, now);
        return verdict.reason() != Reason.TOLD
                ? verdict
                : silences.stream()
                        .filter(silence -> silence.covers(run, now))
                        .findFirst()
                        .map(silence -> Verdict.of(
                                Reason.SILENCED,
                                "by %s until %s: %s".formatted(silence.author(), silence.endsAt(), silence.reason())))
                        .orElse(verdict);
    }

    private Verdict held(Rule rule, Run run, Instant now) {
        if (!"on_hold".equals(run.status())) {
            return Verdict.of(Reason.OVERTAKEN, "it does not wait any more, it is " + run.status());
        }
        Instant due = run.restingSince().plus(rule.after());
        if (due.isBefore(now.minus(maxAge))) {
            return Verdict.of(Reason.OLD, "it waits since " + run.restingSince());
        }
        return due.isAfter(now)
                ? new Verdict(Reason.WAITS, "it waits since " + run.restingSince(), due)
                : Verdict.of(Reason.TOLD, null);
    }

    private Verdict ended(Rule rule, Run run, Told last, Instant now) {
        // A first run that passed is no news.
        if (!rule.kind().tells(run.transition())
                || (run.outcome() == Outcome.SUCCESS) != (rule.kind() == Rule.Kind.RECOVERED)) {
            return Verdict.of(
                    Reason.TRANSITION,
                    "it is " + run.status() + (run.transition() == null ? "" : ": " + run.transition()));
        }
        if (run.stoppedAt() == null || run.stoppedAt().isBefore(now.minus(maxAge))) {
            return Verdict.of(Reason.OLD, "it ended at " + run.stoppedAt());
        }
        if (last != null && last.isAfter(run)) {
            return Verdict.of(Reason.OVERTAKEN, "a newer run was told before, " + last.workflowId());
        }
        Outcome newer = run.newer() == null ? run.outcome() : Outcome.of(run.newer());
        if (newer != run.outcome()) {
            return Verdict.of(Reason.OVERTAKEN, "a newer run has ended as " + run.newer());
        }
        return switch (rule.kind()) {
            case RECOVERED ->
                run.broken().compareTo(groupWait) < 0
                        ? Verdict.of(
                                Reason.BRIEF,
                                "broken for %d s".formatted(run.broken().toSeconds()))
                        : Verdict.of(Reason.TOLD, null);
            case STILL_FAILING -> still(rule, run, last, now);
            default -> Verdict.of(Reason.TOLD, null);
        };
    }

    private Verdict still(Rule rule, Run run, Told last, Instant now) {
        boolean counts = rule.every() != null && run.failuresInARow() % rule.every() == 0;
        boolean lasts = rule.afterSeconds() != null && run.broken().compareTo(rule.after()) >= 0;
        if (!counts && !lasts) {
            return Verdict.of(
                    Reason.COUNT,
                    "failed %d times in a row since %s".formatted(run.failuresInARow(), run.brokenSince()));
        }
        Duration quiet = rule.repeatSeconds() == null ? repeatInterval : Duration.ofSeconds(rule.repeatSeconds());
        // What was told of an earlier break does not count, nor what this very run was told as.
        boolean again = last != null
                && !last.workflowId().equals(run.id())
                && last.decidedAt().isAfter(run.brokenSince());
        return again && last.decidedAt().plus(quiet).isAfter(now)
                ? Verdict.of(Reason.REPEAT, "it was told at " + last.decidedAt())
                : Verdict.of(Reason.TOLD, null);
    }
}
