package dev.treering.security;

import java.security.MessageDigest;
import java.util.Optional;
import java.util.Set;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import dev.treering.support.Digests;
import dev.treering.support.Role;
import dev.treering.support.TreeringConfig;
import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.AuthenticationRequest;
import io.quarkus.security.runtime.QuarkusPrincipal;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Knows the admin by the bootstrap token. A wrong token and none get the same answer, and neither is logged. */
@ApplicationScoped
class TokenMechanism implements HttpAuthenticationMechanism {

    private static final SecurityIdentity ADMIN = QuarkusSecurityIdentity.builder()
            .setPrincipal(new QuarkusPrincipal("bootstrap"))
            .addRoles(Scope.ALL)
            .build();

    private final Optional<byte[]> digest;
    private final boolean api;

    TokenMechanism(SecurityConfig config, TreeringConfig treering) {
        this.digest = config.bootstrapToken().filter(token -> !token.isBlank()).map(TokenMechanism::digest);
        this.api = treering.roles().contains(Role.API);
    }

    void start(@Observes StartupEvent event) {
        if (digest.isEmpty() && api) {
            Log.info("No token is set, so nobody can read /api. Set TREERING_SECURITY_BOOTSTRAP_TOKEN to a long random"
                    + " text and send it as Circle-Token or Authorization: Bearer");
        }
    }

    @Override
    public Uni<SecurityIdentity> authenticate(RoutingContext context, IdentityProviderManager providers) {
        return PresentedToken.in(context.request())
                .map(token -> verifies(token)
                        ? Uni.createFrom().item(ADMIN)
                        : Uni.createFrom().<SecurityIdentity>failure(new AuthenticationFailedException()))
                .orElse(Uni.createFrom().nullItem());
    }

    // Digests have one length, so that neither the time nor the length of a guess tells how near it was.
    private boolean verifies(String token) {
        return digest.filter(expected -> MessageDigest.isEqual(expected, digest(token)))
                .isPresent();
    }

    private static byte[] digest(String token) {
        return Digests.sha256().digest(token.getBytes(UTF_8));
    }

    @Override
    public Uni<ChallengeData> getChallenge(RoutingContext context) {
        return Uni.createFrom().item(new ChallengeData(401, "WWW-Authenticate", "Bearer realm=\"treering\""));
    }

    @Override
    public Set<Class<? extends AuthenticationRequest>> getCredentialTypes() {
        return Set.of(); // the token is checked here; no identity provider is asked
    }
}
