package dev.treering.api;

import java.util.List;
import java.util.Objects;
import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import dev.treering.history.History;
import dev.treering.history.PipelineView;
import dev.treering.history.ProjectView;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.PageToken;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;

/** {@code /api/v2/pipeline}: those of an organisation, and one with its workflows and its configuration. */
@Path("/api/v2/pipeline")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.HISTORY_READ)
public class PipelineResource {

    private final History history;
    private final Caller caller;

    PipelineResource(History history, Caller caller) {
        this.history = history;
        this.caller = caller;
    }

    /** A configuration as API v2 gives it; what was not kept of it is empty. */
    record ConfigBody(String source, String compiled) {}

    /** Without {@code org-slug} those of all organisations. */
    @GET
    public Page<PipelineBody> pipelines(
            @RestQuery("org-slug") String orgSlug, @RestQuery boolean mine, @RestQuery("page-token") String pageToken) {
        String organization = orgSlug == null ? null : Wire.organization(orgSlug);
        String login = mine ? caller.name() : null;
        int filters = Objects.hash(organization, login);
        PageToken after = PageToken.decode(pageToken, filters);
        List<ProjectView> all = organization == null ? history.projects() : history.projects(organization);
        List<UUID> projects =
                all.stream().map(ProjectView::id).filter(caller::sees).toList();
        if (organization != null && projects.isEmpty()) {
            throw Problem.notFound("Organization does not exist.");
        }
        return PipelineBody.page(history.pipelines(projects, login, after, Page.LOOK_AHEAD), filters);
    }

    @GET
    @Path("/{id}")
    public PipelineBody pipeline(@RestPath String id) {
        return PipelineBody.of(visible(id));
    }

    @GET
    @Path("/{id}/workflow")
    public Page<WorkflowBody> workflows(@RestPath String id, @RestQuery("page-token") String pageToken) {
        UUID pipeline = visible(id).id();
        int filters = pipeline.hashCode();
        PageToken after = PageToken.decode(pageToken, filters);
        return Page.of(
                history.workflows(pipeline, after, Page.LOOK_AHEAD),
                WorkflowBody::of,
                last -> new PageToken(last.createdAt(), last.id(), filters));
    }

    @GET
    @Path("/{id}/config")
    public ConfigBody config(@RestPath String id) {
        return history.pipelineConfig(visible(id).id())
                .map(kept -> new ConfigBody(
                        Objects.requireNonNullElse(kept.source(), ""), Objects.requireNonNullElse(kept.compiled(), "")))
                .orElseThrow(() -> Problem.notFound("The configuration of this pipeline was not kept"));
    }

    private PipelineView visible(String id) {
        return history.pipeline(Wire.id("Pipeline", id))
                .filter(pipeline -> caller.sees(pipeline.projectId()))
                .orElseThrow(() -> Problem.notFound("Pipeline not found"));
    }
}
