package dev.treering.notification;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.notification.Policy.Told;
import dev.treering.notification.Verdict.Reason;

/** What a rule would have told, by the same policy over the history. */
@ApplicationScoped
class Previews {

    private static final int MOST_RUNS = 1_000;
    private static final int MOST_ITEMS = 100;

    private final DataSource reads;
    private final Rules rules;
    private final NotificationConfig config;

    Previews(@io.quarkus.agroal.DataSource("reads") DataSource reads, Rules rules, NotificationConfig config) {
        this.reads = reads;
        this.rules = rules;
        this.config = config;
    }

    /** A run that would have been told of, with how many had failed in a row. */
    public record Foretold(
            Instant at,
            UUID workflowId,
            String projectSlug,
            String branch,
            String workflowName,
            Long pipelineNumber,
            int failures,
            long brokenSeconds) {}

    /**
     * What would have been sent.
     *
     * @param messages to each channel; what one pipeline has to tell at once is one. The rate of a channel is not counted in
     * @param runs that were told of; {@code left} were not although the rule means them, by reason
     * @param complete false where there are more runs in the span than were looked at, the newest 1,000
     * @param items the newest hundred of the runs told of
     */
    public record Preview(
            Instant since,
            Instant until,
            int messages,
            int runs,
            Map<String, Integer> left,
            boolean complete,
            List<Foretold> items) {}

    Preview of(Rule rule, Instant since, Instant until) throws SQLException {
        List<Run> runs;
        try (Connection connection = reads.getConnection()) {
            runs = Runs.past(connection, rule.kind(), projects(connection, rule), since, config.groupWait(), MOST_RUNS);
        }
        boolean complete = runs.size() < MOST_RUNS;
        runs.sort(Comparator.comparing(Previews::end));
        List<Silence> silences = rules.silences();
        Policy policy = new Policy(config.groupWait(), config.maxAge(), config.repeatInterval());
        Map<UUID, Told> last = new HashMap<>();
        Map<UUID, Instant> pipelines = new HashMap<>();
        Map<String, Integer> left = new TreeMap<>();
        List<Foretold> told = new ArrayList<>();
        int messages = 0;
        for (Run run : runs) {
            Instant at = end(run).plus(config.groupWait());
            Verdict verdict = policy.judge(rule, run, last.get(run.key()), silences, at);
            // For how long it waited is not known: at most as many as there were.
            if (verdict.reason() == Reason.TOLD || verdict.reason() == Reason.WAITS) {
                last.put(run.key(), Told.of(run, at));
                Instant flushed = pipelines.get(run.pipelineId());
                if (flushed == null || flushed.isBefore(end(run))) {
                    pipelines.put(run.pipelineId(), at);
                    messages++;
                }
                told.add(0, foretold(run, at));
            } else if (verdict.reason() != Reason.PATTERN && verdict.reason() != Reason.TRANSITION) {
                left.merge(verdict.reason().toString(), 1, Integer::sum);
            }
        }
        return new Preview(
                since,
                until,
                messages,
                told.size(),
                left,
                complete,
                told.stream().limit(MOST_ITEMS).toList());
    }

    private static Instant end(Run run) {
        return run.stoppedAt() == null ? run.restingSince() : run.stoppedAt();
    }

    private static Foretold foretold(Run run, Instant at) {
        return new Foretold(
                at,
                run.id(),
                run.slug(),
                run.branch(),
                run.workflow(),
                run.pipelineNumber(),
                run.failuresInARow(),
                run.broken().toSeconds());
    }

    private record Project(UUID id, String slug) {}

    private static List<UUID> projects(Connection connection, Rule rule) throws SQLException {
        Matcher ofProject = new Matcher(rule.project(), null, null, null);
        return Records.list(connection, Project.class, "select id, slug from project").stream()
                .filter(project -> ofProject.meansProject(project.slug))
                .map(Project::id)
                .toList();
    }
}
