package dev.treering.support;

import java.util.stream.Stream;

import jakarta.annotation.Priority;

import io.smallrye.config.ConfigSourceInterceptor;
import io.smallrye.config.ConfigSourceInterceptorContext;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.Priorities;

/**
 * Answers {@code treering.tracing.off}: true until somebody names an endpoint for traces. Quarkus' own default is one on
 * this machine, and to warn again and again that nobody listens there.
 */
// Below the expansion of expressions, which is what asks for this name.
@Priority(Priorities.LIBRARY)
public final class TracingSettings implements ConfigSourceInterceptor {

    private static final String NAME = "treering.tracing.off";

    @Override
    public ConfigValue getValue(ConfigSourceInterceptorContext context, String name) {
        if (!name.equals(NAME)) {
            return context.proceed(name);
        }
        boolean named = Stream.of("quarkus.otel.exporter.otlp.endpoint", "quarkus.otel.exporter.otlp.traces.endpoint")
                .map(context::proceed)
                .anyMatch(TracingSettings::isGiven);
        return ConfigValue.builder()
                .withName(name)
                .withValue(Boolean.toString(!named))
                .build();
    }

    // Defaults come from sources below zero.
    private static boolean isGiven(ConfigValue endpoint) {
        return endpoint != null
                && endpoint.getValue() != null
                && !endpoint.getValue().isBlank()
                && endpoint.getConfigSourceOrdinal() > 0;
    }
}
