package dev.treering.notification;

import java.time.Duration;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** When and how much people are told, under {@code treering.notification.}. */
@ConfigMapping(prefix = "treering.notification")
public interface NotificationConfig {

    /** How often it is looked for what is due to be told. */
    @WithDefault("1s")
    String interval();

    /** How long the first news of a pipeline waits for others of it, which become one message. */
    @WithDefault("30s")
    Duration groupWait();

    /** Runs that ended longer ago, or began to wait for an approval so long after it was due, are not told. */
    @WithDefault("1h")
    Duration maxAge();

    /** How long it is quiet of a workflow that still fails after that was told, where a rule says nothing else. */
    @WithDefault("4h")
    Duration repeatInterval();

    /** Messages a minute to one channel; what is more becomes one summary. */
    @WithDefault("10")
    @Min(1)
    @Max(60)
    int rate();

    /** Messages that a summary tells in full; the others are counted. */
    @WithDefault("10")
    @Min(1)
    @Max(50)
    int summarySize();

    /** Runs that are decided about at once. */
    @WithDefault("10000")
    @Min(1)
    @Max(100_000)
    int batch();

    /** How long what was decided is kept, and why. */
    @WithDefault("30d")
    Duration retention();
}
