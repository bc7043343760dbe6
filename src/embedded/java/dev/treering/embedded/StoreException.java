package dev.treering.embedded;

/** A store could not be started or stopped; the message is written for the person at the terminal. */
public final class StoreException extends RuntimeException {

    public StoreException(String message) {
        super(message);
    }

    public StoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
