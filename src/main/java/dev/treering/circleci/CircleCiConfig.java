package dev.treering.circleci;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

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

    /** How long an answer may take. */
    @WithDefault("20s")
    Duration readTimeout();

    /** Pages followed of one list; a workflow's jobs fit on one. */
    @WithDefault("50")
    @Min(1)
    @Max(1000)
    int maxPages();
}
