package dev.treering.outbox;

import java.time.Duration;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** The way to Kafka, under {@code treering.outbox.}. */
@ConfigMapping(prefix = "treering.outbox")
public interface OutboxConfig {

    /**
     * How long Kafka may take to acknowledge a record before it counts as not published. CircleCI waits 10 s at most
     * (5 s in older documents); with {@code store-timeout} this keeps an answer below 3.5 s whatever is down.
     */
    @WithDefault("2s")
    Duration publishTimeout();

    /** How long PostgreSQL may take to commit a record that Kafka did not take. */
    @WithDefault("1200ms")
    Duration storeTimeout();

    /** Records that wait for PostgreSQL at once; more are refused. */
    @WithDefault("10000")
    @Min(1)
    int storeQueue();

    /** How often the relay looks for rows. Set {@code treering.outbox.relay-interval=off} to leave it to others. */
    @WithDefault("1s")
    String relayInterval();

    /** Rows the relay carries over in one transaction. */
    @WithDefault("500")
    @Min(1)
    @Max(10000)
    int relayBatch();
}
