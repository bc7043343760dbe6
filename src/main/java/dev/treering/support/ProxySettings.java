package dev.treering.support;

import java.util.Optional;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import org.eclipse.microprofile.config.Config;

/** Whom we believe whom they ask for. Without a list of proxies Quarkus believes everybody, and {@link Origin} is anybody's to choose. */
@Singleton
public class ProxySettings {

    private static final String PREFIX = "quarkus.http.proxy.";

    private final Config config;

    ProxySettings(Config config) {
        this.config = config;
    }

    void check(@Observes StartupEvent event) {
        Optional<String> trusted = config.getOptionalValue(PREFIX + "trusted-proxies", String.class);
        if (config.getOptionalValue(PREFIX + "proxy-address-forwarding", Boolean.class)
                        .orElse(false)
                && trusted.filter(list -> !list.isBlank()).isEmpty()) {
            throw new ConfigurationException(PREFIX + "proxy-address-forwarding is on, and " + PREFIX
                    + "trusted-proxies names nobody: whoever asks could then say that another did. Set both or neither"
                    + " (QUARKUS_HTTP_PROXY_TRUSTED_PROXIES: addresses or ranges of your proxies)");
        }
    }
}
