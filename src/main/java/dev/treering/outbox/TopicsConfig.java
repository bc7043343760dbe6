package dev.treering.outbox;

import java.time.Duration;
import java.util.Optional;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithParentName;

/** The topics, under {@code treering.topics}. */
@ConfigMapping(prefix = "treering.topics")
public interface TopicsConfig {

    /** {@code create} what is missing, or only {@code verify} where an operator owns the topics. */
    @WithParentName
    @WithDefault("create")
    Mode mode();

    /** Partitions of a topic we create. Fixed for its life: more would move projects between partitions. */
    @WithDefault("12")
    @Min(1)
    @Max(1000)
    int partitions();

    /** Replicas of a topic we create; 3 goes with min.insync.replicas 2. */
    @WithDefault("1")
    @Min(1)
    short replicationFactor();

    /** How long circleci.webhooks and circleci.snapshots are kept: the time to notice that the history stands still. */
    @WithDefault("14d")
    Duration factsRetention();

    /** How long circleci.events is kept for other consumers. */
    @WithDefault("30d")
    Duration eventsRetention();

    /** How long treering.checkpoints is kept; for ever where it is absent. */
    Optional<Duration> checkpointsRetention();

    enum Mode {
        CREATE,
        VERIFY
    }
}
