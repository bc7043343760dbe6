package dev.treering.support;

import java.util.Map;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class ProxySettingsTest {

    private static void start(Map<String, String> settings) {
        new ProxySettings(new SmallRyeConfigBuilder()
                        .withSources(new PropertiesConfigSource(settings, "test", 100))
                        .build())
                .check(null);
    }

    @Test
    void service_that_would_believe_everybody_does_not_start() {
        assertThatThrownBy(() -> start(Map.of("quarkus.http.proxy.proxy-address-forwarding", "true")))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("QUARKUS_HTTP_PROXY_TRUSTED_PROXIES");
        assertThatNoException().isThrownBy(() -> start(Map.of()));
        assertThatNoException()
                .isThrownBy(() -> start(Map.of(
                        "quarkus.http.proxy.proxy-address-forwarding",
                        "true",
                        "quarkus.http.proxy.trusted-proxies",
                        "10.0.0.0/8")));
    }
}
