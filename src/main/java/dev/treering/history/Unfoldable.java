package dev.treering.history;

/** Why a fact cannot become rows. The fact stays in the trail, its reason in {@code dead_letter}; both can be tried again. */
final class Unfoldable extends Exception {

    private final Reason reason;

    /** Words to group by. */
    enum Reason {
        /** The value is no JSON document of the shape that its topic promises. */
        UNREADABLE,
        /** An event type that this version does not know. */
        UNRECOGNISED,
        /** An id or time without which the fact has no place. */
        INCOMPLETE,
        /** PostgreSQL refused the values. */
        REFUSED
    }

    Unfoldable(Reason reason, String detail) {
        super(detail);
        this.reason = reason;
    }

    Reason reason() {
        return reason;
    }
}
