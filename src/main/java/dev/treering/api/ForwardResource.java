package dev.treering.api;

import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;

import dev.treering.api.Forwarding.Forwarded;
import dev.treering.circleci.CircleCi;
import dev.treering.circleci.CircleCiException;
import dev.treering.history.History;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.security.Tokens;
import dev.treering.support.Problem;
import io.quarkus.logging.Log;
import org.eclipse.microprofile.openapi.annotations.Operation;

/**
 * What the history cannot answer goes to CircleCI, if that is switched on: the caller proves itself to us by
 * {@code Authorization}, and its {@code Circle-Token} is what CircleCI sees. {@link ApiFilter} leads requests here.
 */
@Path(Forwarding.PATH + "/{path:.+}")
@RolesAllowed(Scope.HISTORY_READ)
public class ForwardResource {

    private static final String TOKEN = "Circle-Token";

    // Of a header that was sent twice both stand in one text, and one of them could be ours.
    private static final Pattern ONE_TOKEN = Pattern.compile("[\\w.~+/=-]+");

    private final ForwardConfig config;
    private final CircleCi circleCi;
    private final History history;
    private final Caller caller;
    private final Tokens tokens;
    private final Semaphore free;

    ForwardResource(ForwardConfig config, CircleCi circleCi, History history, Caller caller, Tokens tokens) {
        this.config = config;
        this.circleCi = circleCi;
        this.history = history;
        this.caller = caller;
        this.tokens = tokens;
        this.free = new Semaphore(config.maxConcurrent());
    }

    /** A request's outside. */
    record Asked(
            @Context Request request,
            @Context UriInfo uri,
            @Context HttpHeaders headers) {}

    @GET
    @Operation(hidden = true)
    public Response get(@BeanParam Asked asked) {
        return forward(asked, null);
    }

    @POST
    @Operation(hidden = true)
    public Response post(@BeanParam Asked asked, byte[] body) {
        return forward(asked, body);
    }

    @PUT
    @Operation(hidden = true)
    public Response put(@BeanParam Asked asked, byte[] body) {
        return forward(asked, body);
    }

    @PATCH
    @Operation(hidden = true)
    public Response patch(@BeanParam Asked asked, byte[] body) {
        return forward(asked, body);
    }

    @DELETE
    @Operation(hidden = true)
    public Response delete(@BeanParam Asked asked) {
        return forward(asked, null);
    }

    private Response forward(Asked asked, byte[] body) {
        String method = asked.request.getMethod();
        // Not the raw one: the filter that led here has escaped it twice.
        String path = asked.uri.getRequestUri().getPath().substring(Forwarding.PATH.length());
        Forwarded allowed =
                Forwarding.of(method, path).orElseThrow(() -> Problem.notFound("There is nothing at this path"));
        if (!config.enabled()) {
            throw new Problem(
                    501,
                    "The history cannot answer this, and handing it on to CircleCI is off: treering.forward.enabled");
        }
        String token = circleCiToken(asked.headers);
        requireVisible(allowed);
        requireJson(asked.headers, body);
        return answer(ask(method, allowed, query(asked.uri), body, token));
    }

    // Ours never leaves: neither one that was given out nor whatever else proved who is asking.
    private String circleCiToken(HttpHeaders headers) {
        String token = headers.getHeaderString(TOKEN);
        String proof = headers.getHeaderString(HttpHeaders.AUTHORIZATION);
        if (token == null
                || !ONE_TOKEN.matcher(token).matches()
                || proof == null
                || proof.contains(token)
                || tokens.isOurs(token)) {
            throw Problem.badRequest("This goes to CircleCI: send CircleCI's token as Circle-Token,"
                    + " and Treering's as Authorization: Bearer");
        }
        return token;
    }

    private void requireVisible(Forwarded allowed) {
        boolean visible = caller.projects().isEmpty()
                || allowed.slug() != null
                        && history.project(allowed.slug())
                                .filter(project -> caller.sees(project.id()))
                                .isPresent();
        if (!visible) {
            throw new Problem(
                    403,
                    "Your token is limited to some projects: of what goes to CircleCI it reaches /project/{slug} of these alone");
        }
    }

    private static void requireJson(HttpHeaders headers, byte[] body) {
        if (body != null && body.length > 0 && !MediaType.APPLICATION_JSON_TYPE.isCompatible(headers.getMediaType())) {
            throw new Problem(415, "Send application/json");
        }
    }

    /** What the query says, written anew; a token in it is no way to come in, neither here nor there. */
    private static String query(UriInfo uri) {
        return uri.getQueryParameters().entrySet().stream()
                .filter(parameter -> !parameter.getKey().equalsIgnoreCase(TOKEN))
                .flatMap(parameter -> parameter.getValue().stream()
                        .map(value -> Forwarding.encode(parameter.getKey()) + "=" + Forwarding.encode(value)))
                .collect(Collectors.joining("&"));
    }

    private CircleCi.Reply ask(String method, Forwarded allowed, String query, byte[] body, String token) {
        if (!free.tryAcquire()) {
            throw new Problem(503, "Too much is being handed on to CircleCI; try again");
        }
        String outcome = "no answer";
        try {
            CircleCi.Reply reply = circleCi.forward(method, allowed.path(), query, body, token);
            outcome = Integer.toString(reply.status());
            return reply;
        } catch (CircleCiException e) {
            throw new Problem(e.kind() == CircleCiException.Kind.LIMITED ? 503 : 502, "CircleCI: " + e.getMessage());
        } finally {
            free.release();
            if (!method.equals("GET")) {
                Log.infof("%s had CircleCI asked for %s %s: %s", caller.name(), method, allowed.path(), outcome);
            }
        }
    }

    private static Response answer(CircleCi.Reply reply) {
        Response.ResponseBuilder answer = Response.status(reply.status()).entity(reply.body());
        for (Map.Entry<String, String> header : reply.headers().entrySet()) {
            answer.header(header.getKey(), header.getValue());
        }
        return answer.build();
    }
}
