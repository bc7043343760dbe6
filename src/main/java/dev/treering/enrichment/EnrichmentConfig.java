package dev.treering.enrichment;

import java.time.Duration;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** When to ask the API, under {@code treering.enrichment.}. */
@ConfigMapping(prefix = "treering.enrichment")
public interface EnrichmentConfig {

    /** How often due tasks are looked for; what is found is worked off without a break. */
    @WithDefault("1s")
    String interval();

    /** Tasks claimed at once. */
    @WithDefault("20")
    @Min(1)
    @Max(1000)
    int batch();

    /** How long a claimed task is left to the instance that claimed it; after that another may take it. */
    @WithDefault("2m")
    Duration lease();

    /** Times an entity is asked for before it is given up. */
    @WithDefault("10")
    @Min(1)
    @Max(100)
    int maxAttempts();

    /** The wait after the first failure; it doubles with each further one, with jitter. */
    @WithDefault("2s")
    Duration backoff();

    /** The longest wait between two attempts. */
    @WithDefault("15m")
    Duration maxBackoff();

    /** How long nothing is asked after CircleCI rejected the token. */
    @WithDefault("1m")
    Duration rejectedPause();
}
