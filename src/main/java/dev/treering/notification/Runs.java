package dev.treering.notification;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.UUID;

import dev.treering.event.Outcome;

/**
 * Reads runs from the history, each with how it stands to the others of its name on its branch. Those of the last 90 days
 * count, as in the history's own events.
 */
final class Runs {

    private static final String PASSED = Outcome.SUCCESS.inSql();
    private static final String FAILED = Outcome.FAILURE.inSql();

    /** More failures in a row are not counted. */
    private static final int MOST_FAILURES = 1_000;

    // Another run of the same key. What had not stopped by then was not known; a lateral reads only as many as it
    // needs.
    private static final String OTHER = """
            from pipeline p2 cross join lateral (
                select created_at, stopped_at, status from workflow
                where pipeline_id = p2.id and name = w.name and stopped_at <= moment.at offset 0) w2
            where p2.project_id = p.project_id and p2.branch = p.branch
            """;
    private static final String NEWEST_FIRST = "order by p2.created_at desc, w2.created_at desc limit ";
    private static final String OLDER = OTHER + """
             and p2.created_at <= p.created_at and (p2.created_at, w2.created_at) < (p.created_at, w.created_at)""";

    private static final String SQL = """
            select w.id, w.project_id, r.slug, r.default_branch, w.name as workflow, p.branch,
                p.trigger_actor_login as actor, w.pipeline_id, p.number as pipeline_number,
                coalesce(p.created_at, w.created_at) as pipeline_created_at, w.created_at, w.stopped_at, w.status,
                coalesce(rest.since, w.created_at) as resting_since, passed.pipeline_at is not null as passed_before,
                streak.failures as failures_before, streak.since as failing_since, newer.status as newer
            from (%s) w left join pipeline p on p.id = w.pipeline_id left join project r on r.id = w.project_id
            cross join lateral (select coalesce(?::timestamptz, w.stopped_at + ?::bigint * interval '1 ms') as at) moment
            cross join lateral (select max(stopped_at) as since from job where workflow_id = w.id) rest
            left join lateral (
                select p2.created_at as pipeline_at, w2.created_at as at %s
                    and p2.created_at > p.created_at - interval '90 days' and w2.status in %s %s 1) passed on true
            cross join lateral (
                select count(*) as failures, min(stopped_at) as since from (
                    select w2.stopped_at %s
                        and p2.created_at >= coalesce(passed.pipeline_at, p.created_at - interval '90 days')
                        and (passed.at is null or (p2.created_at, w2.created_at) > (passed.pipeline_at, passed.at))
                        and w2.status in %s %s %d) failed) streak
            left join lateral (
                select w2.status %s
                    and p2.created_at between p.created_at and moment.at
                    and (p2.created_at, w2.created_at) > (p.created_at, w.created_at)
                    and (w2.status in %s or w2.status in %s) %s 1) newer on true""";

    private static final String COLUMNS =
            "select id, project_id, pipeline_id, name, created_at, stopped_at, %s as status";

    private Runs() {}

    private static String sql(String which) {
        return SQL.formatted(
                which,
                OLDER,
                PASSED,
                NEWEST_FIRST,
                OLDER,
                FAILED,
                NEWEST_FIRST,
                MOST_FAILURES,
                OTHER,
                PASSED,
                FAILED,
                NEWEST_FIRST);
    }

    /** These runs as they stand at a moment; those that the history does not know (now) are left out. */
    static List<Run> now(Connection connection, Collection<UUID> ids, Instant now) throws SQLException {
        String which =
                COLUMNS.formatted("status") + " from workflow where id = any(?::uuid[]) and created_at is not null";
        return Records.list(connection, Run.class, sql(which), Records.ids(ids), Records.time(now), null);
    }

    /**
     * The newest runs since then that a rule of this kind may tell of, each as it stood so long after it had ended. Of a run
     * that waited for an approval nobody knows for how long.
     */
    static List<Run> past(
            Connection connection, Rule.Kind kind, Collection<UUID> projects, Instant since, Duration later, int limit)
            throws SQLException {
        boolean held = kind == Rule.Kind.NEEDS_APPROVAL;
        String meant = held
                ? "(status = 'on_hold' or exists (select from job where workflow_id = workflow.id and type = 'approval'))"
                : "status in " + (kind == Rule.Kind.RECOVERED ? PASSED : FAILED);
        String which = COLUMNS.formatted(held ? "'on_hold'" : "status")
                + " from workflow where project_id = any(?::uuid[]) and %s and created_at >= ? order by created_at desc limit %d"
                        .formatted(meant, limit);
        return Records.list(
                connection, Run.class, sql(which), Records.ids(projects), Records.time(since), null, later.toMillis());
    }
}
