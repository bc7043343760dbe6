package dev.treering.webhook;

import java.util.Locale;

/**
 * Why a request was not taken.
 *
 * @param reason the word by which it is counted
 * @param comeAgain whether the sender is asked to, after a while
 */
record Refusal(int status, Reason reason, String detail, boolean comeAgain) {

    enum Reason {
        UNKNOWN_ENDPOINT,
        MEDIA_TYPE,
        TOO_LARGE,
        SLOW,
        SIGNATURE,
        IN_FLIGHT,
        NOT_DURABLE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static Refusal of(int status, Reason reason, String detail) {
        return new Refusal(status, reason, detail, false);
    }

    /** Nothing is wrong with the request; it comes at a bad time. */
    static Refusal forNow(int status, Reason reason, String detail) {
        return new Refusal(status, reason, detail, true);
    }
}
