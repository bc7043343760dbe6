package dev.treering.notification;

import java.time.Instant;
import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonValue;

/**
 * What a rule says of a run.
 *
 * @param again when to ask again; null for never
 */
record Verdict(Reason reason, String detail, Instant again) {

    /** Why something was told or not, in one word. */
    enum Reason {
        /** In a message of its own. */
        TOLD,
        /** In one message with others. */
        GROUPED,
        /** The rule means other projects, workflows, branches or actors. */
        PATTERN,
        /** The rule tells of other transitions. */
        TRANSITION,
        /** It was over for too long. */
        OLD,
        /** A newer run was told before it, or has shown otherwise. */
        OVERTAKEN,
        /** It was broken for so short that nobody was told of it. */
        BRIEF,
        /** Not yet so many failures, nor broken for so long. */
        COUNT,
        /** It was told not long ago. */
        REPEAT,
        SILENCED,
        /** It is told later. */
        WAITS,
        /** Its channel has had enough messages for this minute; it follows in the next. */
        RATE,
        NO_CHANNEL,
        CHANNEL_OFF,
        DISABLED,
        /** No event of it was read. */
        UNNOTED,
        /** The rule was made, changed or switched on after it was decided. */
        RULE_IS_NEWER;

        @JsonValue
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static Verdict of(Reason reason, String detail) {
        return new Verdict(reason, detail, null);
    }
}
