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
 * count, as in the history's own events, and of the newest 1,000 pipelines of the branch.
 */
final class Runs {

    private static final String PASSED = Outcome.SUCCESS.inSql();
    private static final String FAILED = Outcome.FAILURE.inSql();

    // Others of its key, read in their order and from the newest on, so that no more are looked at than are needed.
    // The fences (limit, offset) keep the planner, which may know nothing of the tables yet, from reading all of a
    // branch or of a name. What had not stopped by then was not known.
    private static final int MOST_PIPELINES = 1_000;
    private static final String OTHERS = """
            from (select id, created_at from pipeline where project_id = p.project_id and branch = p.branch
                    and created_at between %%s order by created_at desc limit %d) p2
                cross join lateral (select * from workflow where pipeline_id = p2.id offset 0) w2
            where w2.name = w.name and w2.stopped_at <= moment.at and (w2.status in %s or w2.status in %s)
                and (p2.created_at, w2.created_at)\s""".formatted(MOST_PIPELINES, PASSED, FAILED);
    private static final String OLDER =
            OTHERS.formatted("p.created_at - interval '90 days' and p.created_at") + "< (p.created_at, w.created_at)";
    private static final String NEWER =
            OTHERS.formatted("p.created_at and moment.at") + "> (p.created_at, w.created_at)";
    private static final String NEWEST_FIRST = "order by p2.created_at desc, w2.created_at desc";

    private static final String SQL = """
            select w.id, w.project_id, r.slug, r.default_branch, w.name as workflow, p.branch,
                p.trigger_actor_login as actor, w.pipeline_id, p.number as pipeline_number,
                coalesce(p.created_at, w.created_at) as pipeline_created_at, w.created_at, w.stopped_at, w.status,
                coalesce(rest.since, w.created_at) as resting_since, coalesce(streak.passed, false) as passed_before,
                streak.failures as failures_before, streak.since as failing_since, newer.status as newer
            from (%s) w left join pipeline p on p.id = w.pipeline_id left join project r on r.id = w.project_id
            cross join lateral (select coalesce(?::timestamptz, w.stopped_at + ?::bigint * interval '1 ms') as at) moment
            cross join lateral (
                select max(stopped_at) as since from job where workflow_id = w.id and w.status = 'on_hold') rest
            cross join lateral (
                select bool_or(passed) as passed, count(*) filter (where not passed) as failures,
                    min(stopped_at) filter (where not passed) as since
                from (select w2.stopped_at, w2.status in %s as passed, count(*) filter (where w2.status in %s)
                        over (%s rows between unbounded preceding and 1 preceding) as passed_since %s) back
                where passed_since < 1) streak
            left join lateral (select w2.status %s %s limit 1) newer on true""".formatted("%s", PASSED, PASSED, NEWEST_FIRST, OLDER, NEWER, NEWEST_FIRST);

    private static final String COLUMNS =
            "select id, project_id, pipeline_id, name, created_at, stopped_at, %s as status";

    private Runs() {}

    /** These runs as they stand at a moment; those that the history does not know (now) are left out. */
    static List<Run> now(Connection connection, Collection<UUID> ids, Instant now) throws SQLException {
        String which =
                COLUMNS.formatted("status") + " from workflow where id = any(?::uuid[]) and created_at is not null";
        return Records.list(connection, Run.class, SQL.formatted(which), Records.ids(ids), Records.time(now), null);
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
                connection,
                Run.class,
                SQL.formatted(which),
                Records.ids(projects),
                Records.time(since),
                null,
                later.toMillis());
    }
}
