package dev.treering.webhook;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithParentName;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;

/** The webhook door, under {@code treering.webhook.}. */
@ConfigMapping(prefix = "treering.webhook")
public interface WebhookConfig {

    /** The default endpoint {@code /webhooks/circleci}. */
    @WithParentName
    Door door();

    /** More endpoints, {@code /webhooks/circleci/{name}}, each with secrets of its own. */
    Map<String, Door> endpoints();

    /**
     * How often secrets are read anew, from the settings' files and from {@code secrets-file}: that long a removed secret
     * still verifies. From a second to a minute.
     */
    @WithDefault("2s")
    @DurationMin(seconds = 1)
    @DurationMax(minutes = 1)
    Duration reloadInterval();

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

    /** The secrets of one endpoint, from both settings together; without any it is 404. */
    interface Door {

        /** Signing secrets, comma-separated; any one of them verifies, so that a secret can be rotated. */
        Optional<List<String>> secrets();

        /** Files with one signing secret a line, comma-separated: a mounted Kubernetes Secret, for example. */
        Optional<List<Path>> secretsFile();
    }
}
