package dev.treering.security;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * A token as the database knows it: everything but its text.
 *
 * @param scopes words of {@link Scope}
 * @param projects ids of the projects it is limited to; null where it sees all
 * @param createdBy the caller's name
 * @param expiresAt null where it does not
 * @param lastUsedAt to the minute; null where it was not used
 * @param revokedAt null where it was not
 */
public record Token(
        UUID id,
        String name,
        List<String> scopes,
        Set<UUID> projects,
        Instant createdAt,
        String createdBy,
        Instant expiresAt,
        Instant lastUsedAt,
        Instant revokedAt) {

    boolean holds(Instant now) {
        return revokedAt == null && (expiresAt == null || now.isBefore(expiresAt));
    }
}
