package dev.treering.api;

import java.util.Map;
import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import dev.treering.history.History;
import dev.treering.history.History.Provenance;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestPath;

/** {@code GET /api/workflows/{id}/provenance} and the like: who said each part of an entity, and when. */
@Path("/api/{entities:projects|pipelines|workflows|jobs}/{id}/provenance")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.HISTORY_READ)
public class ProvenanceResource {

    private final History history;
    private final Caller caller;

    ProvenanceResource(History history, Caller caller) {
        this.history = history;
        this.caller = caller;
    }

    @GET
    public Map<String, Provenance> provenance(@RestPath String entities, @RestPath UUID id) {
        String entity = entities.substring(0, entities.length() - 1);
        Map<String, Provenance> provenance = history.provenance(entity, id);
        if (provenance.isEmpty() || !caller.sees(history.projectOf(entity, id))) {
            throw Problem.notFound("The history knows no %s %s".formatted(entity, id));
        }
        return provenance;
    }
}
