package dev.treering.security;

import java.util.Optional;

import io.smallrye.config.ConfigMapping;

/** Who may read, under {@code treering.security.}. */
@ConfigMapping(prefix = "treering.security")
public interface SecurityConfig {

    /** A token with all scopes, for first access. Without it the tokens that were made, and an issuer's, open the doors; webhooks
     * need none. */
    Optional<String> bootstrapToken();
}
