package dev.treering.simulation;

import java.time.Duration;
import java.time.Instant;

import com.sun.net.httpserver.Headers;

/** So many calls in every window; a window opens with the first call after the last one's end. */
final class RateLimit {

    private final int calls;
    private final Duration window;
    private Instant end = Instant.MIN;
    private int remaining;

    RateLimit(int calls, Duration window) {
        this.calls = calls;
        this.window = window;
    }

    /** Whether this call may pass. */
    boolean take(Instant now) {
        if (!now.isBefore(end)) {
            end = now.plus(window);
            remaining = calls;
        }
        if (remaining == 0) {
            return false;
        }
        remaining--;
        return true;
    }

    /** Until the window ends; rounded up, as a header tells it. */
    Duration reset(Instant now) {
        return Duration.ofSeconds(
                Math.max(1, Duration.between(now, end).plusNanos(999_999_999).toSeconds()));
    }

    /** The older names promise more than there is, as in a transition of CircleCI's: the lower value is the true one. */
    void tell(Headers headers, Instant now) {
        String reset = Long.toString(reset(now).toSeconds());
        headers.set("RateLimit-Limit", Integer.toString(calls));
        headers.set("RateLimit-Remaining", Integer.toString(remaining));
        headers.set("RateLimit-Reset", reset);
        headers.set("X-RateLimit-Limit", Long.toString(2L * calls));
        headers.set("X-RateLimit-Remaining", Long.toString((long) calls + remaining));
        headers.set("X-RateLimit-Reset", reset);
    }
}
