package dev.treering.event;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import com.fasterxml.jackson.annotation.JsonValue;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toUnmodifiableMap;

/**
 * What became of a workflow, job or pipeline, in five words. CircleCI's own status text is kept beside it, for it has
 * more of them and may get new ones.
 */
public enum Outcome {
    SUCCESS("success", "created"),
    FAILURE("failed", "error", "errored", "unauthorized", "infrastructure_fail", "timedout", "terminated-unknown"),
    CANCELED("canceled", "not_run", "retried"),
    /** Not over yet, or waiting for a person. */
    PENDING("running", "failing", "on_hold", "queued", "not_running", "blocked", "setup", "setup-pending", "pending"),
    /** A status we do not know, or none. */
    UNKNOWN;

    private static final Map<String, Outcome> BY_STATUS = Arrays.stream(values())
            .flatMap(outcome -> outcome.statuses.stream().map(status -> Map.entry(status, outcome)))
            .collect(toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));

    private final List<String> statuses;

    Outcome(String... statuses) {
        this.statuses = List.of(statuses);
    }

    public static Outcome of(String status) {
        return status == null ? UNKNOWN : BY_STATUS.getOrDefault(status, UNKNOWN);
    }

    /** CircleCI's words for it, as a list in SQL: {@code ('success', 'created')}. There must be one. */
    public String inSql() {
        return statuses.stream().collect(joining("', '", "('", "')"));
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
