package dev.treering.insights;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

import dev.treering.insights.Insights.Run;

import static dev.treering.insights.Metrics.trend;

/**
 * Insights as CircleCI's API v2 gives them: rates from 0 to 1, durations in whole seconds, cut off where CircleCI cuts.
 * Credits nobody tells us; they are null, or 0 where null is not allowed.
 */
final class Bodies {

    private static final long NO_CREDITS = 0;

    private Bodies() {}

    record Page<T>(List<T> items, String nextPageToken) {}

    record Durations(Long min, Long mean, Long median, Long p95, Long max, Long standardDeviation, long totalDuration) {

        static Durations of(Metrics metrics) {
            return new Durations(
                    cut(metrics.min()),
                    cut(metrics.mean()),
                    cut(metrics.median()),
                    cut(metrics.p95()),
                    cut(metrics.max()),
                    // One run has no deviation in statistics, and none to CircleCI is 0.
                    metrics.completed() == 1 ? Long.valueOf(0) : cut(metrics.deviation()),
                    (long) metrics.totalSeconds());
        }
    }

    record Workflow(String name, UUID projectId, Instant windowStart, Instant windowEnd, WorkflowMetrics metrics) {

        static Workflow of(Metrics metrics, UUID project, Window window) {
            return new Workflow(
                    metrics.name(), project, metrics.first(), metrics.last(), WorkflowMetrics.of(metrics, window));
        }
    }

    record WorkflowMetrics(
            long totalRuns,
            long successfulRuns,
            long failedRuns,
            double successRate,
            double throughput,
            Long mttr,
            Long totalRecoveries,
            Long totalCreditsUsed,
            long medianCreditsUsed,
            Durations durationMetrics) {

        static WorkflowMetrics of(Metrics metrics, Window window) {
            return new WorkflowMetrics(
                    metrics.total(),
                    metrics.successful(),
                    metrics.failed(),
                    metrics.successRate(),
                    metrics.total() / window.days(),
                    cut(metrics.mttr()),
                    metrics.recoveries(),
                    null,
                    NO_CREDITS,
                    Durations.of(metrics));
        }
    }

    record Job(String name, Instant windowStart, Instant windowEnd, JobMetrics metrics) {

        static Job of(Metrics metrics, Window window) {
            return new Job(metrics.name(), metrics.first(), metrics.last(), JobMetrics.of(metrics, window));
        }
    }

    record JobMetrics(
            long totalRuns,
            long successfulRuns,
            long failedRuns,
            double successRate,
            double throughput,
            long totalCreditsUsed,
            Durations durationMetrics) {

        static JobMetrics of(Metrics metrics, Window window) {
            return new JobMetrics(
                    metrics.total(),
                    metrics.successful(),
                    metrics.failed(),
                    metrics.successRate(),
                    metrics.total() / window.days(),
                    NO_CREDITS,
                    Durations.of(metrics));
        }
    }

    record WorkflowRun(
            UUID id,
            String branch,
            Long duration,
            Instant createdAt,
            Instant stoppedAt,
            long creditsUsed,
            String status,
            boolean isApproval) {

        static WorkflowRun of(Run run) {
            return new WorkflowRun(
                    run.id(),
                    Objects.requireNonNullElse(run.branch(), ""),
                    rounded(run),
                    run.began(),
                    run.ended(),
                    NO_CREDITS,
                    run.status(),
                    run.approval());
        }
    }

    record JobRun(UUID id, Instant startedAt, Instant stoppedAt, Long duration, String status, long creditsUsed) {

        static JobRun of(Run run) {
            return new JobRun(run.id(), run.began(), run.ended(), rounded(run), run.status(), NO_CREDITS);
        }
    }

    record Summary(SummaryMetrics metrics, SummaryTrends trends, List<String> workflowNames) {

        static Summary of(Metrics now, Metrics before, Window window, List<String> names) {
            return new Summary(SummaryMetrics.of(now, window), SummaryTrends.of(now, before), names);
        }
    }

    record SummaryMetrics(
            long totalRuns,
            long completedRuns,
            long successfulRuns,
            long failedRuns,
            double successRate,
            double throughput,
            Long mttr,
            Long totalCreditsUsed,
            Instant windowStart,
            Instant windowEnd,
            Durations durationMetrics) {

        static SummaryMetrics of(Metrics metrics, Window window) {
            return new SummaryMetrics(
                    metrics.total(),
                    metrics.completed(),
                    metrics.successful(),
                    metrics.failed(),
                    metrics.successRate(),
                    metrics.total() / window.days(),
                    cut(metrics.mttr()),
                    null,
                    // Of the first and the last run; so the answer stays the same while nothing runs.
                    Objects.requireNonNullElse(metrics.first(), window.since()),
                    Objects.requireNonNullElse(metrics.last(), window.until()),
                    Durations.of(metrics));
        }
    }

    record SummaryTrends(
            double totalRuns,
            double failedRuns,
            double successRate,
            double p95DurationSecs,
            double medianDurationSecs,
            double totalCreditsUsed,
            double mttr,
            double throughput) {

        static SummaryTrends of(Metrics now, Metrics before) {
            return new SummaryTrends(
                    trend(now.total(), before.total()),
                    trend(now.failed(), before.failed()),
                    trend(now.successRate(), before.successRate()),
                    trend(now.p95(), before.p95()),
                    trend(now.median(), before.median()),
                    1,
                    now.mttr() == null ? 0 : trend(now.mttr(), before.mttr()),
                    // Both spans are of one length.
                    trend(now.total(), before.total()));
        }
    }

    /** Of a whole project or organisation. */
    record Totals(TotalMetrics metrics, TotalTrends trends) {

        static Totals of(Metrics now, Metrics before, Window window) {
            return new Totals(
                    new TotalMetrics(
                            now.total(),
                            (long) now.totalSeconds(),
                            NO_CREDITS,
                            now.successRate(),
                            now.total() / window.days()),
                    new TotalTrends(
                            trend(now.total(), before.total()),
                            trend(now.totalSeconds(), before.totalSeconds()),
                            1,
                            trend(now.successRate(), before.successRate()),
                            trend(now.total(), before.total())));
        }
    }

    record TotalMetrics(
            long totalRuns, long totalDurationSecs, long totalCreditsUsed, double successRate, double throughput) {}

    record TotalTrends(
            double totalRuns,
            double totalDurationSecs,
            double totalCreditsUsed,
            double successRate,
            double throughput) {}

    record PartMetrics(long totalCreditsUsed, double p95DurationSecs, long totalRuns, double successRate) {

        static PartMetrics of(Metrics metrics) {
            return new PartMetrics(
                    NO_CREDITS, metrics.p95() == null ? 0 : metrics.p95(), metrics.total(), metrics.successRate());
        }
    }

    record PartTrends(double totalCreditsUsed, double p95DurationSecs, double totalRuns, double successRate) {

        static PartTrends of(Metrics now, Metrics before) {
            return new PartTrends(
                    1,
                    trend(now.p95(), before.p95()),
                    trend(now.total(), before.total()),
                    trend(now.successRate(), before.successRate()));
        }
    }

    record ProjectWorkflow(String workflowName, PartMetrics metrics, PartTrends trends) {}

    record ProjectWorkflowBranch(String workflowName, String branch, PartMetrics metrics, PartTrends trends) {}

    record ProjectSummary(
            UUID orgId,
            UUID projectId,
            Totals projectData,
            List<ProjectWorkflow> projectWorkflowData,
            List<ProjectWorkflowBranch> projectWorkflowBranchData,
            List<String> allBranches,
            List<String> allWorkflows) {}

    record OrganizationProject(
            String projectName, OrganizationProjectMetrics metrics, OrganizationProjectTrends trends) {

        static OrganizationProject of(String name, Metrics now, Metrics before) {
            return new OrganizationProject(
                    name,
                    new OrganizationProjectMetrics(
                            NO_CREDITS, (long) now.totalSeconds(), now.total(), now.successRate()),
                    new OrganizationProjectTrends(
                            1,
                            trend(now.totalSeconds(), before.totalSeconds()),
                            trend(now.total(), before.total()),
                            trend(now.successRate(), before.successRate())));
        }
    }

    record OrganizationProjectMetrics(
            long totalCreditsUsed, long totalDurationSecs, long totalRuns, double successRate) {}

    record OrganizationProjectTrends(
            double totalCreditsUsed, double totalDurationSecs, double totalRuns, double successRate) {}

    record OrganizationSummary(Totals orgData, List<OrganizationProject> orgProjectData, List<String> allProjects) {}

    record Branches(UUID orgId, UUID projectId, List<String> branches) {}

    record Point(String name, Instant timestamp, Instant minStartedAt, Instant maxEndedAt, PointMetrics metrics) {

        static Point of(Metrics metrics, Duration width) {
            return new Point(
                    metrics.name(),
                    metrics.moment(),
                    metrics.first(),
                    metrics.ended(),
                    new PointMetrics(
                            metrics.total(),
                            metrics.failed(),
                            metrics.successful(),
                            metrics.total()
                                    / (width.toMinutes()
                                            / (double) Duration.ofDays(1).toMinutes()),
                            NO_CREDITS,
                            NO_CREDITS,
                            new PointDurations(
                                    cut(metrics.min()),
                                    cut(metrics.median()),
                                    cut(metrics.max()),
                                    cut(metrics.p95()),
                                    (long) metrics.totalSeconds())));
        }
    }

    record PointMetrics(
            long totalRuns,
            long failedRuns,
            long successfulRuns,
            double throughput,
            long medianCreditsUsed,
            long totalCreditsUsed,
            PointDurations durationMetrics) {}

    record PointDurations(Long min, Long median, Long max, Long p95, Long total) {}

    private static Long rounded(Run run) {
        return run.ended() == null
                ? null
                : Long.valueOf(
                        Math.round(Duration.between(run.began(), run.ended()).toMillis() / 1e3));
    }

    private static Long cut(Double seconds) {
        return seconds == null ? null : seconds.longValue();
    }
}
