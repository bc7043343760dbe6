package dev.treering.command;

/** Why a command cannot go on, in one line that says what to do about it. */
final class Failure extends RuntimeException {

    private final boolean passing;

    /**
     * @param passing whether it may be over when it is tried again: nobody answers, or the service says that it cannot now
     */
    Failure(boolean passing, String message, Object... values) {
        super(message.formatted(values));
        this.passing = passing;
    }

    boolean isPassing() {
        return passing;
    }
}
