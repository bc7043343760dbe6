package dev.treering.notification;

import java.sql.SQLException;
import java.util.List;
import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import dev.treering.history.History;
import dev.treering.notification.Explanations.Explanation;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestPath;

/** {@code GET /api/workflows/{id}/notifications}: why was I told of a run, or not. */
@Path("/api/workflows/{id}/notifications")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.NOTIFY_ADMIN)
public class ExplanationResource {

    private final Explanations explanations;
    private final History history;
    private final Caller caller;

    ExplanationResource(Explanations explanations, History history, Caller caller) {
        this.explanations = explanations;
        this.history = history;
        this.caller = caller;
    }

    /** One or more for each rule: one for each channel that was decided about. */
    public record ExplanationList(List<Explanation> items, String nextPageToken) {}

    @GET
    public ExplanationList explain(@RestPath UUID id) throws SQLException {
        if (!caller.sees(history.projectOf("workflow", id))) {
            throw unknown(id);
        }
        return new ExplanationList(explanations.of(id).orElseThrow(() -> unknown(id)), null);
    }

    private static Problem unknown(UUID id) {
        return Problem.notFound("The history knows no workflow " + id);
    }
}
