package dev.treering.api;

import java.util.Objects;
import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import dev.treering.event.Artifact;
import dev.treering.event.TestResults;
import dev.treering.history.History;
import dev.treering.history.JobOutputView;
import dev.treering.history.ProjectView;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.PageToken;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestResponse;

/** {@code /api/v2/project/…}: a project, its pipelines, and a job by its number with what it left behind. */
@Path("/api/v2/project/" + SlugPath.TEMPLATE)
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.HISTORY_READ)
public class ProjectResource {

    private final History history;
    private final Caller caller;

    ProjectResource(History history, Caller caller) {
        this.history = history;
        this.caller = caller;
    }

    @GET
    public ProjectBody project(@BeanParam SlugPath path) {
        return ProjectBody.of(visible(path));
    }

    @GET
    @Path("/pipeline")
    public Page<PipelineBody> pipelines(
            @BeanParam SlugPath path, @RestQuery String branch, @RestQuery("page-token") String pageToken) {
        return pipelines(path, branch, null, pageToken);
    }

    /** Those whose trigger's actor goes by the login that {@code /me} tells the caller. */
    @GET
    @Path("/pipeline/mine")
    public Page<PipelineBody> mine(@BeanParam SlugPath path, @RestQuery("page-token") String pageToken) {
        return pipelines(path, null, caller.name(), pageToken);
    }

    private Page<PipelineBody> pipelines(SlugPath path, String branch, String login, String pageToken) {
        UUID project = visible(path).id();
        int filters = Objects.hash(project, branch, login);
        PageToken after = PageToken.decode(pageToken, filters);
        return PipelineBody.page(history.pipelines(project, branch, login, after, Page.LOOK_AHEAD), filters);
    }

    @GET
    @Path("/pipeline/{number}")
    public PipelineBody pipeline(@BeanParam SlugPath path, @RestPath long number) {
        return history.pipeline(visible(path).id(), number)
                .map(PipelineBody::of)
                .orElseThrow(() -> Problem.notFound("Pipeline not found"));
    }

    @GET
    @Path("/job/{number}")
    public JobDetailBody job(@BeanParam SlugPath path, @RestPath long number) {
        return history.job(visible(path).id(), number).map(JobDetailBody::of).orElseThrow(ProjectResource::unknownJob);
    }

    /** A header says how many tests there were: of those that did not fail only the number is kept. */
    @GET
    @Path("/{number}/tests")
    public RestResponse<Page<TestResults.Test>> tests(@BeanParam SlugPath path, @RestPath long number) {
        JobOutputView output = output(path, number);
        return RestResponse.ResponseBuilder.ok(Page.whole(
                        kept(output.testFailures(), TestResults.Test.class, "tests")
                                .items(),
                        ProjectResource::whole))
                .header(
                        "Treering-Tests",
                        "total=%d, failed=%d, skipped=%d; only failures are kept"
                                .formatted(output.testsTotal(), output.testsFailed(), output.testsSkipped()))
                .build();
    }

    private static TestResults.Test whole(TestResults.Test test) {
        return new TestResults.Test(
                Untold.text(test.classname()),
                Untold.text(test.name()),
                Untold.text(test.file()),
                Untold.text(test.source()),
                Untold.text(test.result()),
                test.runTime(),
                test.message());
    }

    @GET
    @Path("/{number}/artifacts")
    public Page<Artifact> artifacts(@BeanParam SlugPath path, @RestPath long number) {
        return kept(output(path, number).artifacts(), Artifact.class, "artifacts");
    }

    private static <T> Page<T> kept(String items, Class<T> item, String word) {
        if (items == null) {
            throw Problem.notFound("The %s of this job were not kept".formatted(word));
        }
        return Wire.page(items, item);
    }

    private JobOutputView output(SlugPath path, long number) {
        return history.jobOutput(visible(path).id(), number).orElseThrow(ProjectResource::unknownJob);
    }

    private ProjectView visible(SlugPath path) {
        return history.project(path.slug())
                .filter(project -> caller.sees(project.id()))
                .orElseThrow(() -> Problem.notFound("Project not found"));
    }

    private static Problem unknownJob() {
        return Problem.notFound("Job not found");
    }
}
