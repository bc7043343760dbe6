package dev.treering.outbox;

import io.smallrye.config.SmallRyeConfigBuilder;

/** For tests of stations that add rows inside a transaction of their own. */
public final class Outboxes {

    private Outboxes() {}

    /** An outbox that can add to the caller's connection and has none of its own. */
    public static Outbox addOnly() {
        return new Outbox(
                null,
                new SmallRyeConfigBuilder()
                        .addDiscoveredConverters()
                        .withMapping(OutboxConfig.class)
                        .build()
                        .getConfigMapping(OutboxConfig.class),
                null);
    }
}
