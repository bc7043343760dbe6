package dev.treering.circleci;

import java.time.Duration;
import java.util.Optional;

/** CircleCI did not give what was asked for; the kind says what may help. */
public final class CircleCiException extends Exception {

    /** What may help. */
    public enum Kind {
        /** 429, or not our turn: nothing may be asked before {@link #retryAfter()} is over. */
        LIMITED,
        /** 401, 403: another token. */
        REJECTED,
        /** 404: not there yet, deleted by retention, or not for this token's eyes. */
        NOT_FOUND,
        /** 5xx, a broken connection or a timeout: time. */
        UNAVAILABLE,
        /** An answer that is not what API v2 promises: perhaps the next one is. */
        UNREADABLE,
        /** Any other status: asking again would change nothing. */
        REFUSED
    }

    private final transient Kind kind;
    private final transient Duration retryAfter;

    CircleCiException(Kind kind, String message, Duration retryAfter, Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.retryAfter = retryAfter;
    }

    public Kind kind() {
        return kind;
    }

    /** How long CircleCI asked to be left alone, if it did. */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }
}
