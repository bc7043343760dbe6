package dev.treering.api;

import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import dev.treering.history.History;
import dev.treering.security.Scope;
import dev.treering.support.PageToken;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;

/** {@code /api/v2/pipeline/…}: a pipeline and its workflows. */
@Path("/api/v2/pipeline/{id}")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.HISTORY_READ)
public class PipelineResource {

    private final History history;

    PipelineResource(History history) {
        this.history = history;
    }

    @GET
    public PipelineBody pipeline(@RestPath UUID id) {
        return history.pipeline(id).map(PipelineBody::of).orElseThrow(PipelineResource::unknown);
    }

    @GET
    @Path("/workflow")
    public Page<WorkflowBody> workflows(@RestPath UUID id, @RestQuery("page-token") String pageToken) {
        int filters = id.hashCode();
        PageToken after = PageToken.decode(pageToken, filters);
        history.pipeline(id).orElseThrow(PipelineResource::unknown);
        return Page.of(
                history.workflows(id, after, Page.LOOK_AHEAD),
                WorkflowBody::of,
                last -> new PageToken(last.createdAt(), last.id(), filters));
    }

    private static Problem unknown() {
        return Problem.notFound("Pipeline not found");
    }
}
