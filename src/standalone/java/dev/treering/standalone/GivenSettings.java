package dev.treering.standalone;

import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

import io.smallrye.config.DotEnvConfigSourceProvider;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;

/**
 * What the person who starts Treering has set, in every place the service itself will look: system properties, environment,
 * {@code .env} and {@code config/application.properties}. The defaults in the artefact do not count.
 */
final class GivenSettings {

    /** Those two files rank below the environment and above the artefact, here as in the service. */
    private static final int FILE_RANK = 260;

    private final SmallRyeConfig config;

    private GivenSettings(SmallRyeConfig config) {
        this.config = config;
    }

    static GivenSettings read() {
        SmallRyeConfigBuilder builder = new SmallRyeConfigBuilder()
                .withProfile("prod")
                .addDefaultInterceptors()
                .addSystemSources()
                .withSources(new DotEnvConfigSourceProvider());
        Path file = Path.of("config", "application.properties");
        if (Files.isReadable(file)) {
            try {
                URL location = file.toUri().toURL();
                builder.withSources(new PropertiesConfigSource(location, FILE_RANK));
            } catch (IOException e) {
                throw new StartRefused("The settings in " + file.toAbsolutePath() + " cannot be read.", e);
            }
        }
        return new GivenSettings(builder.build());
    }

    Optional<String> text(String name) {
        return config.getOptionalValue(name, String.class);
    }

    boolean isOn(String name) {
        return config.getOptionalValue(name, Boolean.class).orElse(false);
    }

    int port(String name, int otherwise) {
        try {
            return config.getOptionalValue(name, Integer.class).orElse(otherwise);
        } catch (IllegalArgumentException e) {
            throw new StartRefused(name + " must be the number of a port, such as " + otherwise + ".", e);
        }
    }

    /** How a setting is called in the environment. */
    static String variable(String name) {
        return name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
    }
}
