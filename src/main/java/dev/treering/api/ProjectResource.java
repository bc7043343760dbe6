package dev.treering.api;

import java.util.Objects;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.BeanParam;
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

/** {@code /api/v2/project/…}: a project, its pipelines, and a job by its number. */
@Path("/api/v2/project/" + SlugPath.TEMPLATE)
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.HISTORY_READ)
public class ProjectResource {

    private final History history;

    ProjectResource(History history) {
        this.history = history;
    }

    @GET
    public ProjectBody project(@BeanParam SlugPath path) {
        return history.project(path.slug()).map(ProjectBody::of).orElseThrow(ProjectResource::unknownProject);
    }

    @GET
    @Path("/pipeline")
    public Page<PipelineBody> pipelines(
            @BeanParam SlugPath path, @RestQuery String branch, @RestQuery("page-token") String pageToken) {
        String slug = path.slug();
        int filters = Objects.hash(slug, branch);
        PageToken after = PageToken.decode(pageToken, filters);
        history.project(slug).orElseThrow(ProjectResource::unknownProject);
        return Page.of(
                history.pipelines(slug, branch, after, Page.LOOK_AHEAD),
                PipelineBody::of,
                last -> new PageToken(last.createdAt(), last.id(), filters));
    }

    @GET
    @Path("/pipeline/{number}")
    public PipelineBody pipeline(@BeanParam SlugPath path, @RestPath long number) {
        return history.pipeline(path.slug(), number)
                .map(PipelineBody::of)
                .orElseThrow(() -> Problem.notFound("Pipeline not found"));
    }

    @GET
    @Path("/job/{number}")
    public JobDetailBody job(@BeanParam SlugPath path, @RestPath long number) {
        return history.job(path.slug(), number)
                .map(JobDetailBody::of)
                .orElseThrow(() -> Problem.notFound("Job not found"));
    }

    private static Problem unknownProject() {
        return Problem.notFound("Project not found");
    }
}
