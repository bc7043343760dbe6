package dev.treering.security;

import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/**
 * What lets a caller in who stays, so that it can be looked at again.
 *
 * @param token the id of a token of ours, which may be revoked
 * @param until when an issuer's ends
 */
public record Pass(Optional<UUID> token, Optional<Instant> until) {}
