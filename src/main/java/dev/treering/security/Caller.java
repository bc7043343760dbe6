package dev.treering.security;

import java.util.Optional;
import java.util.Set;
import java.util.UUID;

import jakarta.enterprise.context.RequestScoped;

import io.quarkus.security.identity.SecurityIdentity;

/**
 * Who is asking. A door that answers about a project asks {@link #sees} first, and answers as if it did not know the
 * project when that says no: that it exists is a secret too.
 */
@RequestScoped
public class Caller {

    static final String PROJECTS = "treering.projects";

    private final SecurityIdentity identity;

    Caller(SecurityIdentity identity) {
        this.identity = identity;
    }

    /** The name of the token, or whom the issuer of a bearer token calls its subject. */
    public String name() {
        return identity.getPrincipal().getName();
    }

    /** The ids of the projects it is limited to; empty where it sees all. */
    public Optional<Set<UUID>> projects() {
        return Optional.ofNullable(identity.getAttribute(PROJECTS));
    }

    /** @param projectId null where the history was not told yet, which only a caller without limits sees */
    public boolean sees(UUID projectId) {
        return projects()
                .map(only -> projectId != null && only.contains(projectId))
                .orElse(true);
    }
}
