package dev.treering.security;

import java.util.Set;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import dev.treering.support.Role;
import dev.treering.support.TreeringConfig;
import io.quarkus.logging.Log;
import io.quarkus.oidc.runtime.OidcConfig;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.AuthenticationRequest;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;

/** Takes a request's token and has {@link TokenProvider} say whose it is; what only an issuer can have made is left to quarkus-oidc. */
@ApplicationScoped
class TokenMechanism implements HttpAuthenticationMechanism {

    private final Tokens tokens;
    private final boolean api;
    private final boolean issuer;

    TokenMechanism(Tokens tokens, TreeringConfig treering, OidcConfig oidc) {
        this.tokens = tokens;
        this.api = treering.roles().contains(Role.API);
        this.issuer = OidcConfig.getDefaultTenant(oidc).tenantEnabled();
    }

    void start(@Observes StartupEvent event) {
        if (!tokens.hasBootstrap() && api && !issuer) {
            Log.info(
                    "No bootstrap token is set: only tokens made before are accepted. Set TREERING_SECURITY_BOOTSTRAP_TOKEN"
                            + " to a long random text and send it as Circle-Token or Authorization: Bearer");
        }
    }

    /** Before quarkus-oidc, which would refuse what it did not issue. */
    @Override
    public int getPriority() {
        return DEFAULT_PRIORITY + 10;
    }

    @Override
    public Uni<SecurityIdentity> authenticate(RoutingContext context, IdentityProviderManager providers) {
        return PresentedToken.in(context.request())
                .filter(token -> !issuer || tokens.isOurs(token) || !isSigned(token))
                .map(token -> providers.authenticate(new TokenRequest(token)))
                .orElse(Uni.createFrom().nullItem());
    }

    /** Whether it has the shape of a JSON Web Token: three parts with dots between. */
    private static boolean isSigned(String token) {
        return token.matches("[\\w-]+\\.[\\w-]+\\.[\\w-]*");
    }

    @Override
    public Uni<ChallengeData> getChallenge(RoutingContext context) {
        return Uni.createFrom().item(new ChallengeData(401, "WWW-Authenticate", "Bearer realm=\"treering\""));
    }

    @Override
    public Set<Class<? extends AuthenticationRequest>> getCredentialTypes() {
        return Set.of(TokenRequest.class);
    }
}
