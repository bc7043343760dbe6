package dev.treering.security;

import java.sql.SQLException;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.support.Problem;
import io.quarkus.logging.Log;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.AuthenticationRequestContext;
import io.quarkus.security.identity.IdentityProvider;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.runtime.QuarkusPrincipal;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.smallrye.mutiny.Uni;

/** Says whose a token is. One that is wrong, revoked or expired gets the same answer as none, and is not logged. */
@ApplicationScoped
class TokenProvider implements IdentityProvider<TokenRequest> {

    private static final SecurityIdentity BOOTSTRAP = QuarkusSecurityIdentity.builder()
            .setPrincipal(new QuarkusPrincipal("bootstrap"))
            .addRoles(Scope.ALL)
            .build();

    private final Tokens tokens;

    TokenProvider(Tokens tokens) {
        this.tokens = tokens;
    }

    @Override
    public Class<TokenRequest> getRequestType() {
        return TokenRequest.class;
    }

    @Override
    public Uni<SecurityIdentity> authenticate(TokenRequest request, AuthenticationRequestContext context) {
        // It needs no database: a person must get in when that is what is broken.
        if (tokens.isBootstrap(request.token)) {
            return Uni.createFrom().item(BOOTSTRAP);
        }
        return tokens.isOurs(request.token)
                ? context.runBlocking(() -> stored(request.token))
                : Uni.createFrom().failure(new AuthenticationFailedException());
    }

    private SecurityIdentity stored(String text) {
        try {
            return tokens.used(text).map(TokenProvider::identity).orElseThrow(AuthenticationFailedException::new);
        } catch (SQLException e) {
            Log.warnf("A token cannot be looked up: %s", e.getMessage());
            throw new Problem(503, "The database that knows the tokens does not answer; try again");
        }
    }

    private static SecurityIdentity identity(Token token) {
        return QuarkusSecurityIdentity.builder()
                .setPrincipal(new QuarkusPrincipal(token.name()))
                .addRoles(Scope.of(token.scopes()))
                .addAttribute(Caller.ID, token.id())
                .addAttribute(Caller.PROJECTS, token.projects())
                .build();
    }
}
