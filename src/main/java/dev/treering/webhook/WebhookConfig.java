package dev.treering.webhook;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** The webhook door, under {@code treering.webhook.}. */
@ConfigMapping(prefix = "treering.webhook")
public interface WebhookConfig {

    /**
     * Signing secrets of the default endpoint {@code /webhooks/circleci}, comma-separated; any one of them verifies, so
     * that a secret can be rotated. Without a secret the endpoint is 404.
     */
    Optional<List<String>> secrets();

    /** More endpoints, {@code /webhooks/circleci/{name}}, each with secrets of its own. */
    Map<String, Endpoint> endpoints();

    /** The largest body taken; a topic's record may have 1 MiB, headers included. */
    @WithDefault("900K")
    MemorySize maxBodySize();

    /** Bytes of bodies under way at once, over all requests; beyond it the answer is 429. */
    @WithDefault("64M")
    MemorySize maxBytesInFlight();

    /** How long a body may take from its first byte to its last. */
    @WithDefault("10s")
    Duration bodyTimeout();

    /** Seconds that a refused sender is asked to wait ({@code Retry-After}). */
    @WithDefault("5")
    @Min(1)
    @Max(3600)
    int retryAfterSeconds();

    interface Endpoint {

        /** Signing secrets of this endpoint, comma-separated. */
        List<String> secrets();
    }
}
