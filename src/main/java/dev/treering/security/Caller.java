package dev.treering.security;

import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

import jakarta.enterprise.context.RequestScoped;

import io.quarkus.security.ForbiddenException;
import io.quarkus.security.UnauthorizedException;
import io.quarkus.security.identity.SecurityIdentity;
import org.eclipse.microprofile.jwt.JsonWebToken;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Who is asking. A door that answers about a project asks {@link #sees} first, and answers as if it did not know the
 * project when that says no: that it exists is a secret too.
 */
@RequestScoped
public class Caller {

    static final String ID = "treering.token";
    static final String PROJECTS = "treering.projects";

    private final SecurityIdentity identity;

    Caller(SecurityIdentity identity) {
        this.identity = identity;
    }

    /** The name of the token, or whom the issuer of a bearer token calls its subject. */
    public String name() {
        return identity.getPrincipal().getName();
    }

    /** Its token's id; for whoever has none, one made of the name. */
    public UUID id() {
        UUID id = identity.getAttribute(ID);
        return id == null ? UUID.nameUUIDFromBytes(name().getBytes(UTF_8)) : id;
    }

    /** For a door that is not left at once. The bootstrap token holds as long as we run. */
    public Pass pass() {
        return new Pass(
                Optional.ofNullable(identity.getAttribute(ID)),
                identity.getPrincipal() instanceof JsonWebToken token
                        ? Optional.of(Instant.ofEpochSecond(token.getExpirationTime()))
                        : Optional.empty());
    }

    /** The ids of the projects it is limited to; empty where it sees all. */
    public Optional<Set<UUID>> projects() {
        return Optional.ofNullable(identity.getAttribute(PROJECTS));
    }

    /** Refuses who may not do this, at a door that a setting opens to everybody. */
    public void mustHave(String scope) {
        if (identity.isAnonymous()) {
            throw new UnauthorizedException();
        }
        if (!identity.hasRole(scope)) {
            throw new ForbiddenException();
        }
    }

    /** Refuses who is limited to some projects, at a door that tells of all. */
    public void mustSeeAll() {
        if (projects().isPresent()) {
            throw new ForbiddenException();
        }
    }

    /** @param projectId null where the history was not told yet, which only a caller without limits sees */
    public boolean sees(UUID projectId) {
        return projects()
                .map(only -> projectId != null && only.contains(projectId))
                .orElse(true);
    }
}
