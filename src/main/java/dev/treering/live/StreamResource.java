package dev.treering.live;

import java.util.List;
import java.util.Optional;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;

import dev.treering.security.Caller;
import dev.treering.security.Scope;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import org.jboss.resteasy.reactive.RestHeader;
import org.jboss.resteasy.reactive.RestQuery;

/** {@code GET /api/stream}: what changes, as server-sent events, until the client goes. */
@Path("/api/stream")
@Produces(MediaType.SERVER_SENT_EVENTS)
@RolesAllowed(Scope.HISTORY_READ)
public class StreamResource {

    private final StreamsJob streams;
    private final Caller caller;

    StreamResource(StreamsJob streams, Caller caller) {
        this.streams = streams;
        this.caller = caller;
    }

    /** Answers past JAX-RS, which would encode each event anew for each client; what is returned never comes. */
    @GET
    public Uni<String> stream(
            @RestQuery List<String> project,
            @RestQuery List<String> branch,
            @RestQuery List<String> type,
            @RestQuery List<String> outcome,
            @RestQuery("last_event_id") Optional<String> lastEventId,
            @RestHeader("Last-Event-ID") Optional<String> lastEventIdHeader,
            @Context RoutingContext routing) {
        Filter filter = Filter.of(project, branch, type, outcome, caller.projects());
        // A browser that comes again sends the header, and the address with which it began.
        String last = lastEventIdHeader
                .or(() -> lastEventId)
                .filter(id -> !id.isBlank())
                .orElse(null);
        if (routing.request().method() == HttpMethod.HEAD) {
            return Uni.createFrom().item("");
        }
        streams.open(routing, last, filter, caller.pass());
        return Uni.createFrom().nothing();
    }
}
