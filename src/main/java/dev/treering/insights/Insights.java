package dev.treering.insights;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.event.Outcome;
import dev.treering.support.PageToken;
import dev.treering.support.Problem;
import dev.treering.support.Rows;

import static java.util.stream.Collectors.toMap;

/** The questions: one statement counts whatever it is that runs, grouped by whatever is asked. */
@ApplicationScoped
class Insights {

    private static final int MOST_GROUPS = 5_000;

    // One pipeline after the other, by its id: joined in any other way, the plan may read all there ever were.
    private static final String PIPELINE =
            " left join lateral (select branch from pipeline where id = w.pipeline_id offset 0) p on true";

    private static final String WORKFLOWS = """
            select w.project_id, w.name, w.name as workflow, p.branch, coalesce(w.status, 'running') as status,
                w.created_at as began, w.stopped_at as ended
            from workflow w""" + PIPELINE + " where w.identity_stamp is not null";

    private static final String JOBS = """
            select w.project_id, j.name, w.name as workflow, p.branch, j.status,
                j.started_at as began, j.stopped_at as ended
            from workflow w join job j on j.workflow_id = w.id left join pipeline p on p.id = w.pipeline_id
            where j.identity_stamp is not null and j.type is distinct from 'approval'""";

    private static final String WITHIN = """
             and w.project_id = any(?) and w.created_at >= ? and w.created_at < ?
                and (?::text is null or w.name = ?) and (?::text is null or p.branch = ?)""";

    // A later success in the order of time is an earlier row in the reverse order, where the frame only ever grows.
    private static final String COUNT =
            """
            with run as (%%s), measured as (
                select run.*,
                    case when (status in %2$s or status in %3$s or status in %4$s) and ended >= began
                        then extract(epoch from ended - began)::float8 end as seconds,
                    case when status in %3$s then min(ended) filter (where status in %2$s) over later end as healed
                from run
                window later as (partition by project_id, workflow, name, branch order by began desc nulls last, ended desc
                    rows between unbounded preceding and 1 preceding))
            select %%s,
                count(*) as total,
                count(*) filter (where status in %2$s) as successful,
                count(*) filter (where status in %3$s) as failed,
                count(*) filter (where status in %4$s) as canceled,
                count(seconds) as completed,
                min(seconds), avg(seconds) as mean, max(seconds), stddev_samp(seconds) as deviation,
                coalesce(sum(seconds), 0) as total_seconds,
                percentile_cont(array[0.5, 0.95]) within group (order by seconds) as spread,
                avg(extract(epoch from healed - ended)) filter (where healed >= ended)::float8 as mttr,
                count(distinct (project_id, name, branch, healed)) filter (where healed is not null) as recoveries,
                min(began) as first, max(began) as last, max(ended) as ended
            from measured group by 1, 2, 3, 4 order by 1, 2, 3, 4 limit %1$d""".formatted(MOST_GROUPS + 1, Outcome.SUCCESS.inSql(), Outcome.FAILURE.inSql(), Outcome.CANCELED.inSql());

    /** What is counted. */
    enum Kind {
        WORKFLOW(WORKFLOWS),
        JOB(JOBS);

        private final String runs;

        Kind(String runs) {
            this.runs = runs;
        }
    }

    /** What it is grouped by. */
    enum By {
        ALL("null::uuid", "null::text", "null::text", "null::timestamptz"),
        PROJECT("project_id", "null::text", "null::text", "null::timestamptz"),
        NAME("null::uuid", "name", "null::text", "null::timestamptz"),
        BRANCH("null::uuid", "name", "branch", "null::timestamptz"),
        DAY("null::uuid", "name", "null::text", "date_trunc('day', began, 'UTC')"),
        HOUR("null::uuid", "name", "null::text", "date_trunc('hour', began, 'UTC')");

        private final String columns;

        By(String project, String name, String branch, String moment) {
            columns = "%s as project, %s as name, %s as branch, %s as moment".formatted(project, name, branch, moment);
        }
    }

    /**
     * Which runs are meant.
     *
     * @param workflow null for all
     * @param branch null for all
     */
    record Runs(Set<UUID> projects, Window window, String workflow, String branch) {

        Runs(UUID project, Window window, String workflow, String branch) {
            this(Set.of(project), window, workflow, branch);
        }

        Runs before() {
            return new Runs(projects, window.before(), workflow, branch);
        }
    }

    private final DataSource reads;

    Insights(@io.quarkus.agroal.DataSource("reads") DataSource reads) {
        this.reads = reads;
    }

    /** One for each group that has a run, in the order of the keys; more than five thousand are refused. */
    List<Metrics> count(Kind kind, By by, Runs runs) throws SQLException {
        List<Metrics> groups =
                list(COUNT.formatted(kind.runs + " " + WITHIN, by.columns), runs, List.of(), Insights::metrics);
        if (groups.size() > MOST_GROUPS) {
            throw Problem.badRequest("This has more than %d groups; ask for a shorter span".formatted(MOST_GROUPS));
        }
        return groups;
    }

    /** The one group there is, or {@link Metrics#NONE}. */
    Metrics total(Kind kind, Runs runs) throws SQLException {
        return count(kind, By.ALL, runs).stream().findFirst().orElse(Metrics.NONE);
    }

    /** How long jobs waited for a machine, in seconds; null where that was told of none. */
    record Queued(Double median, Double p95) {

        static final Queued UNTOLD = new Queued(null, null);
    }

    /** By workflow, of those that have a job of which it was told. */
    Map<String, Queued> queued(Runs runs) throws SQLException {
        String sql = """
                select w.name, percentile_cont(array[0.5, 0.95]) within group (
                    order by extract(epoch from j.started_at - j.queued_at)::float8) as spread
                from workflow w join job j on j.workflow_id = w.id left join pipeline p on p.id = w.pipeline_id
                where j.started_at >= j.queued_at and w.name is not null %s
                group by 1 limit %d""".formatted(WITHIN, MOST_GROUPS);
        return list(sql, runs, List.of(), row -> Map.entry(row.getString("name"), doubles(row, "spread"))).stream()
                .collect(toMap(Map.Entry::getKey, of -> new Queued(of.getValue()[0], of.getValue()[1])));
    }

    /** One run of a workflow or of a job. */
    record Run(UUID id, String branch, String status, Instant began, Instant ended, boolean approval) {}

    /** Of a workflow, newest first. */
    List<Run> runs(Runs runs, PageToken after, int limit) throws SQLException {
        String sql = """
                select w.id, p.branch, coalesce(w.status, 'running') as status, w.created_at as began, w.stopped_at as ended,
                    exists (select from job j where j.workflow_id = w.id and j.type = 'approval') as approval
                from workflow w%s
                where w.identity_stamp is not null %s""".formatted(PIPELINE, WITHIN);
        return runs(sql, "w.created_at", "w.id", runs, List.of(), after, limit);
    }

    /** Of a job in a workflow, newest first; one that never started is no run. */
    List<Run> runsOfJob(Runs runs, String job, PageToken after, int limit) throws SQLException {
        String sql = """
                select j.id, p.branch, j.status, j.started_at as began, j.stopped_at as ended, false as approval
                from workflow w join job j on j.workflow_id = w.id left join pipeline p on p.id = w.pipeline_id
                where j.identity_stamp is not null and j.started_at is not null %s and j.name = ?""".formatted(WITHIN);
        return runs(sql, "j.started_at", "j.id", runs, List.of(job), after, limit);
    }

    private List<Run> runs(
            String sql, String began, String id, Runs runs, List<Object> more, PageToken after, int limit)
            throws SQLException {
        List<Object> values = new ArrayList<>(more);
        if (after != null) {
            values.addAll(List.of(time(after.createdAt()), after.id()));
        }
        return list(
                "%s%s order by %s desc, %s desc limit %d"
                        .formatted(
                                sql,
                                after == null ? "" : " and (%s, %s) < (?, ?)".formatted(began, id),
                                began,
                                id,
                                limit),
                runs,
                values,
                row -> new Run(
                        row.getObject("id", UUID.class),
                        row.getString("branch"),
                        row.getString("status"),
                        Rows.instant(row, "began"),
                        Rows.instant(row, "ended"),
                        row.getBoolean("approval")));
    }

    /**
     * A job that failed and passed on one revision.
     *
     * @param revisions on how many
     * @param lastRevision the one where it did so last
     * @param failedJobNumbers the failures there
     */
    public record FlakyJob(
            String workflowName,
            String jobName,
            long revisions,
            long failures,
            Instant lastFailedAt,
            String lastRevision,
            List<Long> failedJobNumbers) {}

    /** The flakiest first. */
    List<FlakyJob> flaky(Runs runs) throws SQLException {
        String sql = """
                with attempt as (
                    select w.name as workflow, j.name as job, p.revision,
                        count(*) filter (where j.status in %2$s) as failures,
                        max(j.stopped_at) filter (where j.status in %2$s) as failed_at,
                        array_agg(j.number order by j.number) filter (where j.status in %2$s and j.number is not null) as numbers
                    from workflow w join job j on j.workflow_id = w.id join pipeline p on p.id = w.pipeline_id
                    where p.revision is not null %3$s
                    group by 1, 2, 3
                    having bool_or(j.status in %1$s) and bool_or(j.status in %2$s))
                select workflow, job, count(*) as revisions, sum(failures) as failures, max(failed_at) as failed_at,
                    (array_agg(revision order by failed_at desc nulls last))[1] as revision,
                    (select numbers from attempt as latest where (latest.workflow, latest.job) = (attempt.workflow, attempt.job)
                        order by failed_at desc nulls last limit 1) as numbers
                from attempt group by 1, 2 order by 3 desc, 1, 2 limit %4$d""".formatted(Outcome.SUCCESS.inSql(), Outcome.FAILURE.inSql(), WITHIN, MOST_GROUPS);
        return list(
                sql,
                runs,
                List.of(),
                row -> new FlakyJob(
                        row.getString("workflow"),
                        row.getString("job"),
                        row.getLong("revisions"),
                        row.getLong("failures"),
                        Rows.instant(row, "failed_at"),
                        row.getString("revision"),
                        row.getArray("numbers") == null
                                ? List.of()
                                : List.of((Long[]) row.getArray("numbers").getArray())));
    }

    /** Names of branches that ran, in their order. */
    List<String> branches(Runs runs) throws SQLException {
        return list("""
                select distinct p.branch from workflow w%s
                where p.branch is not null %s order by 1 limit %d""".formatted(PIPELINE, WITHIN, MOST_GROUPS), runs, List.of(), row -> row.getString("branch"));
    }

    /** Names of workflows that ran on any branch, in their order. */
    List<String> workflows(Runs runs) throws SQLException {
        return list("""
                select distinct w.name from workflow w cross join (select null::text as branch) p
                where w.name is not null %s order by 1 limit %d""".formatted(WITHIN, MOST_GROUPS), runs, List.of(), row -> row.getString("name"));
    }

    private interface Reader<T> {

        T read(ResultSet row) throws SQLException;
    }

    private <T> List<T> list(String sql, Runs runs, Collection<Object> more, Reader<T> reader) throws SQLException {
        try (Connection connection = reads.getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            int at = 1;
            statement.setArray(
                    at++, connection.createArrayOf("uuid", runs.projects().toArray()));
            statement.setObject(at++, time(runs.window().since()));
            statement.setObject(at++, time(runs.window().until()));
            for (String name : new String[] {runs.workflow(), runs.workflow(), runs.branch(), runs.branch()}) {
                statement.setString(at++, name);
            }
            for (Object value : more) {
                statement.setObject(at++, value);
            }
            List<T> found = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    found.add(reader.read(row));
                }
            }
            return found;
        }
    }

    private static Metrics metrics(ResultSet row) throws SQLException {
        Double[] spread = doubles(row, "spread");
        return new Metrics(
                row.getObject("project", UUID.class),
                row.getString("name"),
                row.getString("branch"),
                Rows.instant(row, "moment"),
                row.getLong("total"),
                row.getLong("successful"),
                row.getLong("failed"),
                row.getLong("canceled"),
                row.getLong("completed"),
                row.getObject("min", Double.class),
                row.getObject("mean", Double.class),
                spread[0],
                spread[1],
                row.getObject("max", Double.class),
                row.getObject("deviation", Double.class),
                row.getDouble("total_seconds"),
                row.getObject("mttr", Double.class),
                row.getLong("recoveries"),
                Rows.instant(row, "first"),
                Rows.instant(row, "last"),
                Rows.instant(row, "ended"));
    }

    private static Double[] doubles(ResultSet row, String column) throws SQLException {
        Array array = row.getArray(column);
        return array == null ? new Double[2] : (Double[]) array.getArray();
    }

    private static OffsetDateTime time(Instant time) {
        return time.atOffset(ZoneOffset.UTC);
    }
}
