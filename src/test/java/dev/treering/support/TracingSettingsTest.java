package dev.treering.support;

import java.util.Map;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class TracingSettingsTest {

    private static boolean off(int ordinal, String... setting) {
        return new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .withInterceptors(new TracingSettings())
                .withSources(new PropertiesConfigSource(
                        setting.length == 0 ? Map.of() : Map.of(setting[0], setting[1]), "given", ordinal))
                .build()
                .getValue("treering.tracing.off", Boolean.class);
    }

    @Test
    void tracing_isOffUntilSomebodyNamesAnEndpoint() {
        assertThat(off(300)).isTrue();
        assertThat(off(300, "quarkus.otel.exporter.otlp.endpoint", " ")).isTrue();
        assertThat(off(Integer.MIN_VALUE, "quarkus.otel.exporter.otlp.endpoint", "http://localhost:4317"))
                .isTrue();
        assertThat(off(300, "quarkus.otel.exporter.otlp.endpoint", "http://otel:4317"))
                .isFalse();
        assertThat(off(300, "quarkus.otel.exporter.otlp.traces.endpoint", "http://otel:4317"))
                .isFalse();
    }
}
