package dev.treering.webhook;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.StreamSupport;

import jakarta.inject.Singleton;

import io.quarkus.runtime.configuration.ConfigUtils;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.spi.ConfigSource;

/** The webhook settings as their files have them now. The running configuration read the files once, at the start. */
@Singleton
class CurrentSettings {

    private final Config running;
    private Set<String> files = Set.of();

    CurrentSettings(Config running) {
        this.running = running;
    }

    /**
     * Reads every source anew, as the start does, and checks the result against the same mapping. Call it from one thread
     * at a time.
     *
     * @throws IOException when a file that held settings before is gone or empty: it may be about to be written
     */
    WebhookConfig read() throws IOException {
        SmallRyeConfigBuilder builder = ConfigUtils.emptyConfigBuilder()
                .withProfiles(running.unwrap(SmallRyeConfig.class).getProfiles())
                .addDiscoveredSources()
                .withMapping(WebhookConfig.class);
        // What came from no file is as it was.
        for (ConfigSource source : running.getConfigSources()) {
            if (!(source instanceof PropertiesConfigSource || source instanceof EnvConfigSource)) {
                builder.withSources(source);
            }
        }
        SmallRyeConfig fresh = builder.build();
        Set<String> found = new HashSet<>();
        StreamSupport.stream(fresh.getConfigSources().spliterator(), false)
                .filter(PropertiesConfigSource.class::isInstance)
                .filter(source -> !source.getPropertyNames().isEmpty())
                .forEach(source -> found.add(source.getName()));
        for (String file : files) {
            if (!found.contains(file)) {
                throw new IOException(file + " is gone or empty");
            }
        }
        WebhookConfig settings = fresh.getConfigMapping(WebhookConfig.class);
        files = found;
        return settings;
    }
}
