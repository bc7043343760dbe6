package dev.treering.security;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.json.JsonString;

import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.AuthenticationRequestContext;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.SecurityIdentityAugmentor;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.smallrye.mutiny.Uni;
import org.eclipse.microprofile.jwt.JsonWebToken;

/** What an issuer's token says of scopes and projects, in our words: unknown scopes count for nothing, {@code admin} for all. */
@ApplicationScoped
class IssuedIdentity implements SecurityIdentityAugmentor {

    static final String PROJECTS_CLAIM = "treering_projects";

    @Override
    public Uni<SecurityIdentity> augment(SecurityIdentity identity, AuthenticationRequestContext context) {
        return Uni.createFrom()
                .item(identity.getPrincipal() instanceof JsonWebToken token ? inOurWords(identity, token) : identity);
    }

    private static SecurityIdentity inOurWords(SecurityIdentity identity, JsonWebToken token) {
        Set<UUID> projects = projects(token);
        if (projects != null && identity.hasRole(Scope.ADMIN)) {
            // An admin makes tokens, also such as see all.
            throw new AuthenticationFailedException("A token with the scope admin cannot be limited to projects");
        }
        return QuarkusSecurityIdentity.builder()
                .setPrincipal(token)
                .addCredentials(identity.getCredentials())
                .addAttributes(identity.getAttributes())
                .addAttribute(Caller.PROJECTS, projects)
                .addRoles(Scope.of(identity.getRoles()))
                .build();
    }

    private static Set<UUID> projects(JsonWebToken token) {
        Object claim = token.getClaim(PROJECTS_CLAIM);
        if (claim == null) {
            return null;
        }
        try {
            Set<UUID> projects = new HashSet<>();
            for (Object project : (Collection<?>) claim) {
                projects.add(UUID.fromString(project instanceof JsonString text ? text.getString() : (String) project));
            }
            return projects;
        } catch (ClassCastException | IllegalArgumentException e) {
            // A limit that cannot be read must not become none.
            throw new AuthenticationFailedException("The claim %s is no list of project ids".formatted(PROJECTS_CLAIM));
        }
    }
}
