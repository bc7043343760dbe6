package dev.treering.insights;

import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import dev.treering.history.History;
import dev.treering.insights.Insights.By;
import dev.treering.insights.Insights.FlakyJob;
import dev.treering.insights.Insights.Kind;
import dev.treering.insights.Insights.Queued;
import dev.treering.insights.Insights.Runs;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;

/** {@code /api/projects/{slug}/insights} and {@code …/flaky-jobs}: what CircleCI's insights lack, over any window. */
@Path("/api")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.HISTORY_READ)
public class ProjectInsightsResource {

    // Not at the class: a door that matches more of a path hides all others there, whatever they end with.
    private static final String PROJECT = "/projects/{vcs}/{organization}/{project}";

    private final Insights insights;
    private final History history;
    private final Caller caller;
    private final Clock clock;

    ProjectInsightsResource(Insights insights, History history, Caller caller, Clock clock) {
        this.insights = insights;
        this.history = history;
        this.caller = caller;
        this.clock = clock;
    }

    /**
     * What is asked for.
     *
     * @param since RFC 3339, a day, or how long ago ({@code 30d}); 90 days before {@code until} where it is absent
     * @param until spelt alike; now where it is absent
     * @param branch absent for all
     */
    record Asked(
            @RestPath String vcs,
            @RestPath String organization,
            @RestPath String project,
            @RestQuery String since,
            @RestQuery String until,
            @RestQuery String branch) {}

    /** @param windowEnd not part of it */
    record Listed<T>(Instant windowStart, Instant windowEnd, String branch, List<T> items, String nextPageToken) {}

    /**
     * A workflow's runs in the window. Durations and times are in seconds, null where there is none.
     *
     * @param successRateOfAll successes among all runs: what CircleCI's API returns
     * @param successRateOfNotCanceled among those that nobody canceled: what its glossary says
     * @param queued how long its jobs waited for a machine, where that was told
     */
    record WorkflowInsights(
            String name,
            long totalRuns,
            long successfulRuns,
            long failedRuns,
            long canceledRuns,
            double successRateOfAll,
            double successRateOfNotCanceled,
            double runsPerDay,
            Durations durationSeconds,
            Queued queuedSeconds,
            Double meanSecondsToRecovery,
            long recoveries) {}

    record Durations(Double min, Double mean, Double median, Double p95, Double max, Double standardDeviation) {}

    @GET
    @Path(PROJECT + "/insights")
    public Listed<WorkflowInsights> insights(@BeanParam Asked asked) throws SQLException {
        Runs runs = runs(asked);
        Map<String, Queued> queued = insights.queued(runs);
        return listed(
                runs,
                insights.count(Kind.WORKFLOW, By.NAME, runs).stream()
                        .map(of -> new WorkflowInsights(
                                of.name(),
                                of.total(),
                                of.successful(),
                                of.failed(),
                                of.canceled(),
                                of.successRate(),
                                of.successRateOfNotCanceled(),
                                of.total() / runs.window().days(),
                                new Durations(of.min(), of.mean(), of.median(), of.p95(), of.max(), of.deviation()),
                                queued.getOrDefault(of.name(), Queued.UNTOLD),
                                of.mttr(),
                                of.recoveries()))
                        .toList());
    }

    @GET
    @Path(PROJECT + "/flaky-jobs")
    public Listed<FlakyJob> flakyJobs(@BeanParam Asked asked) throws SQLException {
        Runs runs = runs(asked);
        return listed(runs, insights.flaky(runs));
    }

    private static <T> Listed<T> listed(Runs runs, List<T> items) {
        return new Listed<>(runs.window().since(), runs.window().until(), runs.branch(), items, null);
    }

    private Runs runs(Asked asked) {
        String slug = new InsightsResource.Slug(asked.vcs, asked.organization, asked.project).value();
        return history.project(slug)
                .filter(project -> caller.sees(project.id()))
                .map(project -> new Runs(
                        project.id(),
                        Window.between("since", asked.since, "until", asked.until, clock),
                        null,
                        asked.branch))
                .orElseThrow(() -> Problem.notFound("Project not found"));
    }
}
