package dev.treering.api;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** What is handed on to CircleCI, under {@code treering.forward.}. */
@ConfigMapping(prefix = "treering.forward")
public interface ForwardConfig {

    /** Whether the operations of API v2 that the history cannot answer go to CircleCI, with the caller's own token there. */
    @WithDefault("false")
    boolean enabled();

    /** So many at a time, each for at most {@code treering.circleci.deadline}; more are answered 503. */
    @WithDefault("8")
    @Min(1)
    @Max(1000)
    int maxConcurrent();
}
