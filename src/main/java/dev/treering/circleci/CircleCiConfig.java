package dev.treering.circleci;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** How to ask CircleCI, under {@code treering.circleci.}. */
@ConfigMapping(prefix = "treering.circleci")
public interface CircleCiConfig {

    /** The base address of API v2; on CircleCI Server {@code https://<host>/api/v2}. */
    @WithDefault("https://circleci.com/api/v2")
    URI url();

    /**
     * A personal API token, best of a machine user (project tokens do not work with API v2). Without it the history
     * grows from webhooks alone.
     */
    Optional<String> token();

    /** How long a connection may take to open. */
    @WithDefault("5s")
    Duration connectTimeout();

    /** How long a call may take, from the first byte sent to the last received. */
    @WithDefault("30s")
    Duration deadline();

    /** The largest answer that is read; a page of a list is far smaller. */
    @WithDefault("8M")
    MemorySize maxAnswerSize();

    /**
     * How long the right to call is left to the instance that took it last; it is renewed while that calls. All instances
     * with the same token share one right, so CircleCI sees one call at a time.
     */
    @WithDefault("1m")
    Duration lease();

    /** Calls in a row without a useful answer (5xx, no connection, too slow) after which all calls wait. */
    @WithDefault("5")
    @Min(1)
    @Max(1000)
    int breakerFailures();

    /** That wait; it doubles as long as the one call after it fails too. */
    @WithDefault("10s")
    Duration breakerPause();

    /** The longest such wait. */
    @WithDefault("5m")
    Duration maxBreakerPause();

    /** How long nothing is asked after CircleCI rejected the token (401, 403). */
    @WithDefault("5m")
    Duration rejectedPause();

    /** Pages followed of one list; a workflow's jobs fit on one. */
    @WithDefault("50")
    @Min(1)
    @Max(1000)
    int maxPages();
}
