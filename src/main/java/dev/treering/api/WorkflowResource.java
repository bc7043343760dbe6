package dev.treering.api;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import dev.treering.history.History;
import dev.treering.history.WorkflowView;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestPath;

/** {@code /api/v2/workflow/…}: a workflow and its jobs. */
@Path("/api/v2/workflow/{id}")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.HISTORY_READ)
public class WorkflowResource {

    private final History history;
    private final Caller caller;

    WorkflowResource(History history, Caller caller) {
        this.history = history;
        this.caller = caller;
    }

    @GET
    public WorkflowBody workflow(@RestPath String id) {
        return WorkflowBody.of(visible(id));
    }

    @GET
    @Path("/job")
    public Page<JobBody> jobs(@RestPath String id) {
        return Page.whole(history.jobs(visible(id).id()), JobBody::of);
    }

    private WorkflowView visible(String id) {
        return history.workflow(Wire.id("Workflow", id))
                .filter(workflow -> caller.sees(workflow.projectId()))
                .orElseThrow(() -> Problem.notFound("Workflow not found"));
    }
}
