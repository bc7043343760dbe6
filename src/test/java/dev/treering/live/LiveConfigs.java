package dev.treering.live;

import java.util.Map;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;

/** Settings of rings of their own. */
final class LiveConfigs {

    private LiveConfigs() {}

    static LiveConfig of(Map<String, String> settings) {
        return new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withSources(new PropertiesConfigSource(settings, "test", 500))
                .withMapping(LiveConfig.class)
                .build()
                .getConfigMapping(LiveConfig.class);
    }
}
