package dev.treering.insights;

import java.sql.SQLException;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import dev.treering.event.ProjectSlug;
import dev.treering.history.History;
import dev.treering.history.ProjectView;
import dev.treering.insights.Bodies.Page;
import dev.treering.insights.Insights.By;
import dev.treering.insights.Insights.Kind;
import dev.treering.insights.Insights.Run;
import dev.treering.insights.Insights.Runs;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.PageToken;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;

import static java.util.stream.Collectors.toMap;

/** {@code /api/v2/insights/…} in CircleCI's shape, of this moment: nothing here is a day old. */
@Path("/api/v2/insights")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.HISTORY_READ)
public class InsightsResource {

    private static final int PAGE = 100;

    private final Insights insights;
    private final History history;
    private final Caller caller;
    private final Clock clock;

    InsightsResource(Insights insights, History history, Caller caller, Clock clock) {
        this.insights = insights;
        this.history = history;
        this.caller = caller;
        this.clock = clock;
    }

    /** A project's slug in three segments of the path. */
    record Slug(
            @RestPath String vcs,
            @RestPath String organization,
            @RestPath String project) {

        String value() {
            try {
                return ProjectSlug.of(vcs, organization, project).value();
            } catch (IllegalArgumentException nobodysName) {
                throw Problem.notFound("Project not found");
            }
        }
    }

    /** Which branch: the one named, all of them, or else the project's default, which is all while nobody told it. */
    record Branch(
            @RestQuery String branch,
            @RestQuery("all-branches") boolean allBranches) {

        String of(ProjectView project) {
            return allBranches ? null : branch != null ? branch : project.defaultBranch();
        }
    }

    @GET
    @Path("/{vcs}/{organization}/{project}/workflows")
    public Page<Bodies.Workflow> workflows(
            @BeanParam Slug slug, @BeanParam Branch branch, @RestQuery("reporting-window") String reportingWindow)
            throws SQLException {
        ProjectView project = project(slug);
        Runs runs = new Runs(project.id(), Window.reporting(reportingWindow, clock), null, branch.of(project));
        return page(
                insights.count(Kind.WORKFLOW, By.NAME, runs),
                metrics -> Bodies.Workflow.of(metrics, project.id(), runs.window()));
    }

    @GET
    @Path("/{vcs}/{organization}/{project}/workflows/{workflow}")
    public Page<Bodies.WorkflowRun> runs(
            @BeanParam Slug slug,
            @RestPath String workflow,
            @BeanParam Branch branch,
            @RestQuery("start-date") String startDate,
            @RestQuery("end-date") String endDate,
            @RestQuery("page-token") String pageToken)
            throws SQLException {
        ProjectView project = project(slug);
        int filters = Objects.hash(project.id(), workflow, branch, startDate, endDate);
        PageToken after = PageToken.decode(pageToken, filters);
        Window window = Window.between("start-date", startDate, "end-date", endDate, clock);
        Runs runs = new Runs(project.id(), window, workflow, branch.of(project));
        return page(insights.runs(runs, after, PAGE + 1), Bodies.WorkflowRun::of, filters);
    }

    private static <T> Page<T> page(List<Run> found, Function<Run, T> item, int filters) {
        List<Run> page = found.subList(0, Math.min(PAGE, found.size()));
        return new Page<>(
                page.stream().map(item).toList(),
                found.size() > PAGE
                        ? new PageToken(
                                        page.get(PAGE - 1).began(),
                                        page.get(PAGE - 1).id(),
                                        filters)
                                .encode()
                        : null);
    }

    @GET
    @Path("/{vcs}/{organization}/{project}/workflows/{workflow}/jobs")
    public Page<Bodies.Job> jobs(
            @BeanParam Slug slug,
            @RestPath String workflow,
            @BeanParam Branch branch,
            @RestQuery("reporting-window") String reportingWindow)
            throws SQLException {
        ProjectView project = project(slug);
        Runs runs = new Runs(project.id(), Window.reporting(reportingWindow, clock), workflow, branch.of(project));
        return page(insights.count(Kind.JOB, By.NAME, runs), metrics -> Bodies.Job.of(metrics, runs.window()));
    }

    /** CircleCI took this one away in 2022; its introduction still names it, and clients still call it. */
    @GET
    @Path("/{vcs}/{organization}/{project}/workflows/{workflow}/jobs/{job}")
    public Page<Bodies.JobRun> jobRuns(
            @BeanParam Slug slug,
            @RestPath String workflow,
            @RestPath String job,
            @BeanParam Branch branch,
            @RestQuery("start-date") String startDate,
            @RestQuery("end-date") String endDate,
            @RestQuery("page-token") String pageToken)
            throws SQLException {
        ProjectView project = project(slug);
        int filters = Objects.hash(project.id(), workflow, job, branch, startDate, endDate);
        PageToken after = PageToken.decode(pageToken, filters);
        Window window = Window.between("start-date", startDate, "end-date", endDate, clock);
        Runs runs = new Runs(project.id(), window, workflow, branch.of(project));
        return page(insights.runsOfJob(runs, job, after, PAGE + 1), Bodies.JobRun::of, filters);
    }

    @GET
    @Path("/{vcs}/{organization}/{project}/workflows/{workflow}/summary")
    public Bodies.Summary summary(
            @BeanParam Slug slug,
            @RestPath String workflow,
            @BeanParam Branch branch,
            @RestQuery("reporting-window") String reportingWindow)
            throws SQLException {
        ProjectView project = project(slug);
        Window window = Window.reporting(reportingWindow, clock);
        Runs runs = new Runs(project.id(), window, workflow, branch.of(project));
        return Bodies.Summary.of(
                insights.total(Kind.WORKFLOW, runs),
                insights.total(Kind.WORKFLOW, runs.before()),
                window,
                insights.workflows(new Runs(project.id(), window, null, null)));
    }

    @GET
    @Path("/{vcs}/{organization}/{project}/branches")
    public Bodies.Branches branches(@BeanParam Slug slug, @RestQuery("workflow-name") String workflowName)
            throws SQLException {
        ProjectView project = project(slug);
        return new Bodies.Branches(
                project.organizationId(),
                project.id(),
                insights.branches(new Runs(project.id(), Window.reporting(null, clock), workflowName, null)));
    }

    @GET
    @Path("/time-series/{vcs}/{organization}/{project}/workflows/{workflow}/jobs")
    public Page<Bodies.Point> timeSeries(
            @BeanParam Slug slug,
            @RestPath String workflow,
            @RestQuery String branch,
            @RestQuery String granularity,
            @RestQuery("start-date") String startDate,
            @RestQuery("end-date") String endDate)
            throws SQLException {
        ProjectView project = project(slug);
        boolean hourly = "hourly".equals(granularity);
        if (!hourly && granularity != null && !granularity.equals("daily")) {
            throw Problem.badRequest("granularity is daily or hourly, not '%s'".formatted(granularity));
        }
        // As many hours as CircleCI keeps, unless others are asked for.
        String since = startDate == null && hourly ? "48h" : startDate;
        Window window = Window.between("start-date", since, "end-date", endDate, clock);
        List<Metrics> points = insights.count(
                Kind.JOB,
                hourly ? By.HOUR : By.DAY,
                new Runs(project.id(), window, workflow, new Branch(branch, false).of(project)));
        return page(
                // Jobs that never started are at no time.
                points.stream().filter(metrics -> metrics.moment() != null).toList(),
                metrics -> Bodies.Point.of(metrics, (hourly ? ChronoUnit.HOURS : ChronoUnit.DAYS).getDuration()));
    }

    @GET
    @Path("/pages/{vcs}/{organization}/{project}/summary")
    public Bodies.ProjectSummary projectSummary(
            @BeanParam Slug slug,
            @RestQuery("reporting-window") String reportingWindow,
            @RestQuery Set<String> branches,
            @RestQuery("workflow-names") Set<String> workflowNames)
            throws SQLException {
        ProjectView project = project(slug);
        Runs runs = new Runs(project.id(), Window.reporting(reportingWindow, clock), null, null);
        Map<List<String>, Metrics> before = insights.count(Kind.WORKFLOW, By.NAME, runs.before()).stream()
                .collect(toMap(InsightsResource::nameAndBranch, Function.identity()));
        Map<List<String>, Metrics> branchesBefore = insights.count(Kind.WORKFLOW, By.BRANCH, runs.before()).stream()
                .collect(toMap(InsightsResource::nameAndBranch, Function.identity()));
        return new Bodies.ProjectSummary(
                project.organizationId(),
                project.id(),
                Bodies.Totals.of(
                        insights.total(Kind.WORKFLOW, runs),
                        insights.total(Kind.WORKFLOW, runs.before()),
                        runs.window()),
                insights.count(Kind.WORKFLOW, By.NAME, runs).stream()
                        .filter(metrics -> asked(workflowNames, metrics.name()))
                        .map(now ->
                                new Bodies.ProjectWorkflow(now.name(), Bodies.PartMetrics.of(now), trends(now, before)))
                        .toList(),
                insights.count(Kind.WORKFLOW, By.BRANCH, runs).stream()
                        .filter(metrics -> metrics.branch() != null
                                && asked(workflowNames, metrics.name())
                                && asked(branches, metrics.branch()))
                        .map(now -> new Bodies.ProjectWorkflowBranch(
                                now.name(), now.branch(), Bodies.PartMetrics.of(now), trends(now, branchesBefore)))
                        .toList(),
                insights.branches(runs),
                insights.workflows(runs));
    }

    @GET
    @Path("/{vcs}/{organization}/summary")
    public Bodies.OrganizationSummary organizationSummary(
            @RestPath String vcs,
            @RestPath String organization,
            @RestQuery("reporting-window") String reportingWindow,
            @RestQuery("project-names") Set<String> projectNames)
            throws SQLException {
        // A project's slug begins with its organisation's, in whichever spelling.
        String slug = new Slug(vcs, organization, "any").value().replaceFirst("/any$", "");
        Map<UUID, ProjectView> projects = history.projects(slug).stream()
                .filter(project -> caller.sees(project.id()))
                .collect(toMap(ProjectView::id, Function.identity()));
        if (projects.isEmpty()) {
            throw Problem.notFound("Organization not found");
        }
        Window window = Window.reporting(reportingWindow, clock);
        Runs runs = new Runs(projects.keySet(), window, null, null);
        Map<UUID, Metrics> before = insights.count(Kind.WORKFLOW, By.PROJECT, runs.before()).stream()
                .collect(toMap(Metrics::project, Function.identity()));
        return new Bodies.OrganizationSummary(
                Bodies.Totals.of(
                        insights.total(Kind.WORKFLOW, runs), insights.total(Kind.WORKFLOW, runs.before()), window),
                insights.count(Kind.WORKFLOW, By.PROJECT, runs).stream()
                        .filter(now ->
                                asked(projectNames, projects.get(now.project()).name()))
                        .map(now -> Bodies.OrganizationProject.of(
                                projects.get(now.project()).name(),
                                now,
                                before.getOrDefault(now.project(), Metrics.NONE)))
                        .toList(),
                projects.values().stream()
                        .map(ProjectView::name)
                        .filter(Objects::nonNull)
                        .sorted()
                        .toList());
    }

    private static boolean asked(Set<String> names, String name) {
        return names == null || names.isEmpty() || names.contains(name);
    }

    private static List<String> nameAndBranch(Metrics metrics) {
        return Arrays.asList(metrics.name(), metrics.branch());
    }

    private static Bodies.PartTrends trends(Metrics now, Map<List<String>, Metrics> before) {
        return Bodies.PartTrends.of(now, before.getOrDefault(nameAndBranch(now), Metrics.NONE));
    }

    private static <V, T> Page<T> page(List<V> found, Function<V, T> item) {
        return new Page<>(found.stream().map(item).toList(), null);
    }

    private ProjectView project(Slug slug) {
        return history.project(slug.value())
                .filter(project -> caller.sees(project.id()))
                .orElseThrow(() -> Problem.notFound("Project not found"));
    }
}
