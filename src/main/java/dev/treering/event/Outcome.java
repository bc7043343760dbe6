package dev.treering.event;

import java.util.Locale;
import java.util.Set;

import com.fasterxml.jackson.annotation.JsonValue;

/**
 * What became of a workflow, job or pipeline, in five words. CircleCI's own status text is kept beside it, for it has
 * more of them and may get new ones.
 */
public enum Outcome {
    SUCCESS,
    FAILURE,
    CANCELED,
    /** Not over yet, or waiting for a person. */
    PENDING,
    /** A status we do not know, or none. */
    UNKNOWN;

    private static final Set<String> FAILED = Set.of(
            "failed", "error", "errored", "unauthorized", "infrastructure_fail", "timedout", "terminated-unknown");
    private static final Set<String> OPEN = Set.of(
            "running", "failing", "on_hold", "queued", "not_running", "blocked", "setup", "setup-pending", "pending");
    private static final Set<String> DROPPED = Set.of("canceled", "not_run", "retried");

    public static Outcome of(String status) {
        if (status == null) {
            return UNKNOWN;
        }
        if (status.equals("success") || status.equals("created")) {
            return SUCCESS;
        }
        if (FAILED.contains(status)) {
            return FAILURE;
        }
        if (DROPPED.contains(status)) {
            return CANCELED;
        }
        return OPEN.contains(status) ? PENDING : UNKNOWN;
    }

    /** Whether nothing more can follow: a terminal state is never undone. */
    public boolean terminal() {
        return this == SUCCESS || this == FAILURE || this == CANCELED;
    }

    @JsonValue
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
