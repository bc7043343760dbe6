package dev.treering.standalone;

/** A start that cannot go well; the message says what is wrong, where, and what to do. */
final class StartRefused extends RuntimeException {

    StartRefused(String message) {
        super(message);
    }

    StartRefused(String message, Throwable cause) {
        super(message, cause);
    }
}
