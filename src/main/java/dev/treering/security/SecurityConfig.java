package dev.treering.security;

import java.util.Optional;

import io.smallrye.config.ConfigMapping;

/** Who may read, under {@code treering.security.}. */
@ConfigMapping(prefix = "treering.security")
public interface SecurityConfig {

    /** An admin's token, for first access and automation. Without it nobody can read; webhooks come in all the same. */
    Optional<String> bootstrapToken();
}
