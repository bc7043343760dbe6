package dev.treering.api;

import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import dev.treering.history.History;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestPath;

/** {@code /api/v2/workflow/…}: a workflow and its jobs. */
@Path("/api/v2/workflow/{id}")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.HISTORY_READ)
public class WorkflowResource {

    private final History history;

    WorkflowResource(History history) {
        this.history = history;
    }

    @GET
    public WorkflowBody workflow(@RestPath UUID id) {
        return history.workflow(id).map(WorkflowBody::of).orElseThrow(WorkflowResource::unknown);
    }

    @GET
    @Path("/job")
    public Page<JobBody> jobs(@RestPath UUID id) {
        history.workflow(id).orElseThrow(WorkflowResource::unknown);
        return Page.whole(history.jobs(id), JobBody::of);
    }

    private static Problem unknown() {
        return Problem.notFound("Workflow not found");
    }
}
