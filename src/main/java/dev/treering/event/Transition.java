package dev.treering.event;

import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonValue;

/** How a finished workflow stands to the one before it, of the same name on the same branch, as known then. */
public enum Transition {
    /** There was none before it. */
    FIRST,
    BROKE,
    STILL_BROKEN,
    FIXED,
    OK;

    /** The transition, or null where the run says nothing of the branch: canceled, not over, unknown. */
    public static Transition of(Outcome before, Outcome now) {
        if (now != Outcome.SUCCESS && now != Outcome.FAILURE) {
            return null;
        }
        if (before == null) {
            return FIRST;
        }
        if (before == Outcome.FAILURE) {
            return now == Outcome.FAILURE ? STILL_BROKEN : FIXED;
        }
        return now == Outcome.FAILURE ? BROKE : OK;
    }

    @JsonValue
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
