package dev.treering.audit;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** Proof, retention and export of the trail, under {@code treering.audit.}. */
@ConfigMapping(prefix = "treering.audit")
public interface AuditConfig {

    /** The Ed25519 private key that signs checkpoints: PKCS8, as PEM or its base64 alone. Without one there are none. */
    Optional<String> checkpointKey();

    /** The same in a file, such as a mounted Kubernetes Secret. */
    Optional<Path> checkpointKeyFile();

    /** Public keys (base64 of their DER form) whose signatures hold too: those of private keys that were replaced. */
    Optional<List<String>> checkpointPublicKeys();

    /** How old the last checkpoint of a chain becomes before the next, where entries came. */
    @WithDefault("1h")
    Duration checkpointInterval();

    /** Entries after which a chain has its next checkpoint, however soon. */
    @WithDefault("10000")
    @Min(1)
    long checkpointEntries();

    /** How long the trail is kept; whole months go once they are older. For ever where it is absent, and 60 days at least. */
    Optional<Duration> retention();

    /** Exports that run at once on this instance, each with a thread of its own; beyond it the answer is 503. */
    @WithDefault("4")
    @Min(1)
    @Max(100)
    int maxExports();
}
