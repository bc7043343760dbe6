package dev.treering.enrichment;

import java.time.Duration;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

import io.quarkus.runtime.configuration.MemorySize;
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

    /** Answers to a question that cannot be read before it is given up; calls without an answer do not count. */
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

    /**
     * How old what a webhook told of may be while "not found" only means that it is not there yet. After that it is final:
     * CircleCI deletes after 90 to 180 days.
     */
    @WithDefault("5m")
    Duration notFoundAfter();

    /** How long a workflow that still runs waits after an event of its jobs; its end is asked for at once. */
    @WithDefault("15m")
    Duration debounce();

    /** Of which jobs the tests are asked for: the failures are kept in full, the others counted. */
    @WithDefault("failed")
    Extent tests();

    /** Of which jobs the list of artifacts is asked for. */
    @WithDefault("failed")
    Extent artifacts();

    /** Whether a pipeline's configuration is kept, as written and as compiled. */
    @WithDefault("true")
    boolean pipelineConfig();

    /** The most of test failures, artifacts or configuration that one record carries. */
    @WithDefault("400K")
    MemorySize maxPartSize();

    /** How often a project's pipelines are compared with CircleCI; one that rests is compared less often, down to daily. */
    @WithDefault("15m")
    Duration reconcileInterval();

    /** Pages of twenty that a comparison follows at most; what lies further back is found by its number. */
    @WithDefault("5")
    @Min(1)
    @Max(1000)
    int reconcilePages();

    /** Tasks of a backfill that may wait at once; its next page is listed when there are fewer. */
    @WithDefault("200")
    @Min(1)
    @Max(100_000)
    int backfillWindow();

    /** Pages of twenty that a backfill lists at most. */
    @WithDefault("10000")
    @Min(1)
    int backfillPages();

    /** How soon a workflow that has not ended is asked for again at first; the wait grows with its age. */
    @WithDefault("1m")
    Duration openInterval();

    /** The longest such wait. */
    @WithDefault("6h")
    Duration maxOpenInterval();

    /** Of which jobs something is asked for. */
    enum Extent {
        OFF,
        FAILED,
        ALL;

        boolean of(boolean failed) {
            return this == ALL || this == FAILED && failed;
        }
    }
}
