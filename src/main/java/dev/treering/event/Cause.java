package dev.treering.event;

import java.time.Instant;

/**
 * What something follows from.
 *
 * @param receivedAt when the webhook was received that it began with; null where it began with none
 * @param trace the trace it belongs to; null while nothing is traced
 */
public record Cause(Instant receivedAt, String trace) {

    public static final Cause NONE = new Cause(null, null);
}
