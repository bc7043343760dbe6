package dev.treering.webhook;

/**
 * Why a request was not taken.
 *
 * @param reason the word by which it is counted
 * @param comeAgain whether the sender is asked to, after a while
 */
record Refusal(int status, String reason, String detail, boolean comeAgain) {

    static Refusal of(int status, String reason, String detail) {
        return new Refusal(status, reason, detail, false);
    }

    /** Nothing is wrong with the request; it comes at a bad time. */
    static Refusal forNow(int status, String reason, String detail) {
        return new Refusal(status, reason, detail, true);
    }
}
