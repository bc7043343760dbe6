package dev.treering.api;

import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.treering.event.ProjectSlug;
import dev.treering.history.History;
import dev.treering.history.ProjectView;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.security.Token;
import dev.treering.security.Tokens;
import dev.treering.support.Problem;
import dev.treering.support.Times;
import io.quarkus.logging.Log;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jboss.resteasy.reactive.RestPath;

/** {@code /api/tokens}: who may ask. It stands here because a person names projects by slug, and those the history knows. */
@Path("/api/tokens")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.ADMIN)
public class TokenResource {

    private static final String NAME = "(?=.*\\S)\\P{Cntrl}{1,100}";

    private final Tokens tokens;
    private final History history;
    private final Caller caller;
    private final Clock clock;

    TokenResource(Tokens tokens, History history, Caller caller, Clock clock) {
        this.tokens = tokens;
        this.history = history;
        this.caller = caller;
        this.clock = clock;
    }

    /**
     * The token that is wanted.
     *
     * @param name whose it is or what for, as {@code /me} and the log will call it
     * @param projects slugs or ids of those it is limited to; absent for all
     * @param expiresAt RFC 3339; absent for never
     */
    public record Wanted(String name, List<String> scopes, List<String> projects, String expiresAt) {}

    /** A new token with its text, which nobody can ask for again. */
    public record Made(String token, @JsonUnwrapped Token known) {}

    /** All tokens, revoked ones too, newest first. */
    public record Listed(List<Token> items, String nextPageToken) {}

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @ResponseStatus(201)
    public Made create(Wanted wanted) throws SQLException {
        if (wanted == null || wanted.name == null || !wanted.name.matches(NAME)) {
            throw Problem.badRequest("'name' must say in 1 to 100 characters whose token it is");
        }
        List<String> scopes = wanted.scopes == null ? List.of() : wanted.scopes;
        if (scopes.isEmpty() || !new HashSet<>(Scope.ALL).containsAll(scopes)) {
            throw Problem.badRequest("'scopes' must be some of %s, not %s".formatted(new TreeSet<>(Scope.ALL), scopes));
        }
        Set<UUID> projects = projects(wanted.projects);
        if (projects != null && scopes.contains(Scope.ADMIN)) {
            throw Problem.badRequest("A token with the scope admin sees all projects; leave 'projects' out");
        }
        Tokens.Made made = tokens.create(wanted.name, scopes, projects, expiry(wanted.expiresAt), caller.name());
        Log.infof("Token %s was made by %s", made.token().id(), caller.id());
        return new Made(made.text(), made.token());
    }

    @GET
    public Listed list() throws SQLException {
        return new Listed(tokens.list(), null);
    }

    @DELETE
    @Path("/{id}")
    public void revoke(@RestPath UUID id) throws SQLException {
        if (!tokens.revoke(id)) {
            throw Problem.notFound("There is no token %s that could be revoked".formatted(id));
        }
        Log.infof("Token %s was revoked by %s", id, caller.id());
    }

    private Set<UUID> projects(List<String> named) {
        if (named == null) {
            return null;
        }
        Set<UUID> projects = new LinkedHashSet<>();
        named.forEach(project -> projects.add(project(project)));
        return projects;
    }

    private UUID project(String named) {
        try {
            return named.contains("/")
                    ? history.project(new ProjectSlug(named).value())
                            .map(ProjectView::id)
                            .orElseThrow(() -> Problem.badRequest(
                                    "The history knows no project %s yet; give its id instead".formatted(named)))
                    : UUID.fromString(named);
        } catch (IllegalArgumentException | NullPointerException e) {
            throw Problem.badRequest(
                    "'projects': '%s' is neither a slug such as gh/acme/web nor an id".formatted(named));
        }
    }

    private Instant expiry(String text) {
        if (text == null) {
            return null;
        }
        return Times.parse(text)
                .filter(time -> time.isAfter(clock.instant()))
                .orElseThrow(
                        () -> Problem.badRequest("'expires_at': '%s' is no RFC 3339 time to come".formatted(text)));
    }
}
