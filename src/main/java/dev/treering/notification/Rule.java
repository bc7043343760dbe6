package dev.treering.notification;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.treering.event.Transition;
import dev.treering.support.Problem;

/**
 * What somebody wants to be told of. The same document is read, changed and sent back.
 *
 * @param id ours, like {@code createdAt} and {@code createdBy}: what is sent of these does not count
 * @param enabled true where it is absent
 * @param channels null for all there are
 * @param every still failing: at each so many failures in a row
 * @param afterSeconds still failing: once it is broken for so long; needs approval: once it waits for so long
 * @param repeatSeconds still failing: how long it is quiet after it was told; null for the setting
 */
public record Rule(
        UUID id,
        String name,
        Kind kind,
        Boolean enabled,
        String project,
        String workflow,
        String branch,
        String actor,
        List<UUID> channels,
        Integer every,
        Long afterSeconds,
        Long repeatSeconds,
        Instant createdAt,
        String createdBy) {

    private static final String NAME = "(?=.*\\S)\\P{Cntrl}{1,100}";
    private static final int MOST_CHANNELS = 50;
    private static final long LONGEST = Duration.ofDays(30).toSeconds();

    /** The transitions of a workflow on its branch that a rule may tell of. */
    public enum Kind {
        STARTED_FAILING(Transition.FIRST, Transition.BROKE),
        STILL_FAILING(Transition.STILL_BROKEN),
        RECOVERED(Transition.FIXED),
        /** Of a run that has not ended. */
        NEEDS_APPROVAL;

        private final Set<Transition> transitions;

        Kind(Transition... transitions) {
            this.transitions = Set.of(transitions);
        }

        boolean tells(Transition transition) {
            return transition != null && transitions.contains(transition);
        }

        @JsonValue
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Rule {
        enabled = enabled == null || enabled;
    }

    /** As it was asked for, if that can be. */
    Rule asked(UUID newId, Instant at, String by) {
        must(name != null && name.matches(NAME), "'name' must say in 1 to 100 characters what the rule is for");
        must(kind != null, "'kind' must be one of " + List.of(Kind.values()));
        must(
                channels == null
                        || !channels.isEmpty()
                                && channels.size() <= MOST_CHANNELS
                                && channels.stream().allMatch(channel -> channel != null),
                "'channels' must be 1 to %d ids; leave it out to mean all".formatted(MOST_CHANNELS));
        boolean still = kind == Kind.STILL_FAILING;
        must(every == null || still && every >= 1 && every <= 1000, "'every' is for still_failing, 1 to 1000");
        must(
                isSpan(afterSeconds, still || kind == Kind.NEEDS_APPROVAL),
                "'after_seconds' is for still_failing and needs_approval, 30 days at most");
        must(isSpan(repeatSeconds, still), "'repeat_seconds' is for still_failing, 30 days at most");
        must(!still || every != null || afterSeconds != null, "still_failing needs 'every', 'after_seconds' or both");
        matcher().mustBeShort();
        return new Rule(
                newId,
                name,
                kind,
                enabled,
                project,
                workflow,
                branch,
                actor,
                channels,
                every,
                afterSeconds,
                repeatSeconds,
                at,
                by);
    }

    private static void must(boolean holds, String otherwise) {
        if (!holds) {
            throw Problem.badRequest(otherwise);
        }
    }

    private static boolean isSpan(Long seconds, boolean meant) {
        return seconds == null || meant && seconds >= 0 && seconds <= LONGEST;
    }

    Matcher matcher() {
        return new Matcher(project, workflow, branch, actor);
    }

    Duration after() {
        return Duration.ofSeconds(afterSeconds == null ? 0 : afterSeconds);
    }
}
