package dev.treering.enrichment;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import dev.treering.enrichment.Task.Kind;
import dev.treering.enrichment.Task.Named;
import dev.treering.event.Source;
import dev.treering.support.Rows;

/** The table of tasks: a queue that survives everything, shared by all workers. Its clock is the database's, one for all. */
@Singleton
class Tasks {

    private static final int MOST_FORGOTTEN = 10_000;

    private final DataSource database;
    private final EnrichmentConfig config;

    Tasks(DataSource database, EnrichmentConfig config) {
        this.database = database;
        this.config = config;
    }

    int name(Collection<Named> named) throws SQLException {
        try (Connection connection = database.getConnection()) {
            return name(connection, named);
        }
    }

    /**
     * Makes the tasks due. What was asked for before is due again only where there is news: a workflow's later event, but
     * not of a job after its end was told; for anything else its end. A redelivered webhook has the same time and asks for
     * nothing. Who is in a greater hurry takes a waiting task over, never
     * the other way. A backfill asks once more for what was given up, and one that was cancelled for nothing.
     *
     * @return how many are new or due again
     */
    static int name(Connection connection, Collection<Named> named) throws SQLException {
        // A statement may name a row only once.
        Map<Task.Key, Named> distinct = new HashMap<>();
        named.forEach(one -> distinct.merge(one.task().key(), one, Named::or));
        List<Object[]> rows = distinct.values().stream()
                .map(one -> {
                    Task task = one.task();
                    return new Object[] {
                        task.kind().sqlName(),
                        task.entityId(),
                        task.projectId(),
                        task.projectSlug(),
                        task.pipelineId(),
                        task.workflowId(),
                        task.number(),
                        task.namedAt(),
                        task.source(),
                        Task.priority(task.source()),
                        task.backfillId(),
                        task.trace(),
                        one.ended(),
                        one.ended() ? 0 : one.delay().toMillis()
                    };
                })
                .toList();
        return Rows.update(connection, """
                insert into enrichment_task as t (kind, entity_id, project_id, project_slug, pipeline_id, workflow_id,
                    job_number, named_at, source, priority, backfill_id, trace, ended, due_at)
                select kind, id, p, s, pl, w, n, at, source, priority, backfill, trace, ended,
                    now() + wait * interval '1 millisecond'
                from unnest(?::text[], ?::uuid[], ?::uuid[], ?::text[], ?::uuid[], ?::uuid[], ?::bigint[],
                    ?::timestamptz[], ?::text[], ?::smallint[], ?::uuid[], ?::text[], ?::boolean[], ?::bigint[])
                    as s(kind, id, p, s, pl, w, n, at, source, priority, backfill, trace, ended, wait)
                where source <> 'backfill'
                    or not exists (select from backfill b where b.id = s.backfill and b.state = 'cancelled')
                order by kind, id
                on conflict (kind, entity_id) do update set project_slug = excluded.project_slug,
                    named_at = greatest(t.named_at, excluded.named_at), version = t.version + 1, state = 'pending',
                    attempts = 0, in_vain = 0, ended = t.ended or excluded.ended, due_at = excluded.due_at,
                    source = case when t.state = 'pending' and t.priority < excluded.priority
                        then t.source else excluded.source end,
                    priority = case when t.state = 'pending' then least(t.priority, excluded.priority)
                        else excluded.priority end,
                    backfill_id = coalesce(excluded.backfill_id, t.backfill_id), trace = excluded.trace
                where t.kind = 'workflow' and excluded.named_at > t.named_at and (excluded.ended or not t.ended)
                    or excluded.ended and not t.ended
                    or t.state = 'pending' and excluded.priority < t.priority
                    or t.state = 'given_up' and excluded.source = 'backfill'""", rows);
    }

    /**
     * Takes due tasks and keeps them for the length of a lease: what happens now before what was missed before the past,
     * and in each the newest first.
     *
     * @param least the lowest urgency that is looked for, as {@link Task#priority}
     */
    List<Task> claim(int least) throws SQLException {
        List<Task> tasks = new ArrayList<>();
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement("""
                        with due as materialized (select kind, entity_id from enrichment_task
                            where state = 'pending' and priority <= ? and due_at <= now()
                                and (leased_until is null or leased_until < now())
                            order by priority, named_at desc limit ? for update skip locked)
                        update enrichment_task t set leased_until = now() + ? * interval '1 millisecond'
                        from due where t.kind = due.kind and t.entity_id = due.entity_id
                        returning t.*""")) {
            statement.setInt(1, least);
            statement.setInt(2, config.batch());
            statement.setLong(3, config.lease().toMillis());
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    tasks.add(task(row));
                }
            }
        }
        // An update returns its rows in no order.
        tasks.sort(Comparator.<Task>comparingInt(task -> Task.priority(task.source()))
                .thenComparing(Task::namedAt, Comparator.reverseOrder()));
        return tasks;
    }

    private static Task task(ResultSet row) throws SQLException {
        return new Task(
                Kind.valueOf(row.getString("kind").toUpperCase(Locale.ROOT)),
                row.getObject("entity_id", UUID.class),
                row.getObject("project_id", UUID.class),
                row.getString("project_slug"),
                row.getObject("pipeline_id", UUID.class),
                row.getObject("workflow_id", UUID.class),
                row.getObject("job_number", Long.class),
                Source.of(row.getString("source")),
                row.getObject("named_at", OffsetDateTime.class).toInstant(),
                row.getObject("backfill_id", UUID.class),
                row.getString("trace"),
                row.getInt("version"),
                row.getInt("attempts"));
    }

    /** Whether the entity was asked for with success before. */
    boolean asked(Kind kind, UUID entityId) throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement(
                        "select 1 from enrichment_task where kind = ? and entity_id = ? and state = 'done'")) {
            statement.setString(1, kind.sqlName());
            statement.setObject(2, entityId);
            try (ResultSet row = statement.executeQuery()) {
                return row.next();
            }
        }
    }

    /** Those of the pipelines that were ever named. */
    Set<UUID> known(Collection<UUID> pipelineIds) throws SQLException {
        return pipelines(pipelineIds, "true");
    }

    /**
     * Those of the pipelines that may have a workflow by now of which nobody told: a rerun, or the continuation of a
     * set-up. Each when it is four times as old as when it was asked last, for a day: that are a handful of times.
     */
    Set<UUID> grown(Collection<UUID> pipelineIds) throws SQLException {
        return pipelines(pipelineIds, """
                state = 'done' and named_at > now() - interval '1 day'
                    and now() - settled_at > greatest(3 * (settled_at - named_at), %d * interval '1 millisecond')""".formatted(config.reconcileInterval().toMillis()));
    }

    private Set<UUID> pipelines(Collection<UUID> ids, String which) throws SQLException {
        Set<UUID> pipelines = new HashSet<>();
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement(
                        "select entity_id from enrichment_task where kind = 'pipeline' and entity_id = any(?) and "
                                + which)) {
            statement.setArray(1, connection.createArrayOf("uuid", ids.toArray()));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    pipelines.add(row.getObject(1, UUID.class));
                }
            }
        }
        return pipelines;
    }

    /** The pipeline's workflows were asked for, without a task of their own. */
    void askedAgain(UUID pipelineId) throws SQLException {
        Rows.execute(
                database,
                "update enrichment_task set settled_at = now() where kind = 'pipeline' and entity_id = ?",
                pipelineId);
    }

    /** The numbers of the project's pipelines that were ever asked for by their number, with or without success. */
    Set<Long> numbers(UUID projectId) throws SQLException {
        Set<Long> numbers = new HashSet<>();
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement(
                        "select job_number from enrichment_task where kind = 'number' and project_id = ?")) {
            statement.setObject(1, projectId);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    numbers.add(row.getLong(1));
                }
            }
        }
        return numbers;
    }

    /**
     * Names what the history knows of a project and no task does: a database restored from an older backup has lost them,
     * and Kafka is not read again for them. As far back as Kafka keeps facts; what was told just now is still on its way.
     */
    int nameForgotten(Task project) throws SQLException {
        List<Named> forgotten = new ArrayList<>();
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement("""
                        (select 'pipeline' as kind, id, id as pipeline_id, created_at, true as ended from pipeline p
                            where project_id = ? and created_at between now() - interval '14 days' and now() - interval '1 hour'
                                and not exists (select from enrichment_task t where t.kind = 'pipeline' and t.entity_id = p.id)
                            order by created_at desc limit ?)
                        union all
                        (select 'workflow', id, pipeline_id, created_at, stopped_at is not null from workflow w
                            where project_id = ? and created_at > now() - interval '14 days'
                                and coalesce(stopped_at, created_at) < now() - interval '1 hour'
                                and not exists (select from enrichment_task t where t.kind = 'workflow' and t.entity_id = w.id
                                    and (w.stopped_at is null or t.ended or t.state = 'pending' or t.settled_at > w.stopped_at))
                            order by created_at desc limit ?)""")) {
            statement.setObject(1, project.projectId());
            statement.setInt(2, MOST_FORGOTTEN);
            statement.setObject(3, project.projectId());
            statement.setInt(4, MOST_FORGOTTEN);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    UUID pipelineId = row.getObject("pipeline_id", UUID.class);
                    UUID id = row.getObject("id", UUID.class);
                    Instant createdAt = Rows.instant(row, "created_at");
                    Task task = row.getString("kind").equals("pipeline")
                            ? project.pipeline(id, createdAt)
                            : project.workflow(pipelineId, id, createdAt);
                    forgotten.add(new Named(task, row.getBoolean("ended"), Duration.ZERO));
                }
            }
        }
        return name(forgotten);
    }

    /**
     * The answers are durable: what was asked for is done, what came along with it is remembered as asked for, and what they
     * named is due. One transaction, or a task could be done whose consequences are lost.
     */
    void done(Collection<Task> asked, Collection<Task> alongWith, Collection<Named> named) throws SQLException {
        Rows.inTransaction(database, connection -> {
            // Before the tasks, as who cancels does: either sees what the other did, and nobody waits in a circle.
            holdBackfills(connection, named);
            Rows.update(
                    connection,
                    """
                        update enrichment_task t set leased_until = null, settled_at = now(),
                            state = case when t.version = a.version then 'done' else t.state end,
                            last_error = case when t.version = a.version then null else t.last_error end
                        from unnest(?::text[], ?::uuid[], ?::int[]) as a(kind, id, version)
                        where t.kind = a.kind and t.entity_id = a.id""",
                    asked.stream()
                            .map(task -> new Object[] {task.kind().sqlName(), task.entityId(), task.version()})
                            .toList());
            Rows.update(
                    connection,
                    """
                        insert into enrichment_task (kind, entity_id, project_id, project_slug, named_at, source, state,
                            settled_at)
                        select distinct on (1, 2) *, 'done', now() from unnest(?::text[], ?::uuid[], ?::uuid[], ?::text[], ?::timestamptz[],
                            ?::text[]) order by 1, 2
                        on conflict (kind, entity_id) do update set state = 'done', settled_at = now()""",
                    alongWith.stream()
                            .map(task -> new Object[] {
                                task.kind().sqlName(),
                                task.entityId(),
                                task.projectId(),
                                task.projectSlug(),
                                task.namedAt(),
                                task.source()
                            })
                            .toList());
            name(connection, named);
        });
    }

    private static void holdBackfills(Connection connection, Collection<Named> named) throws SQLException {
        UUID[] ids = named.stream()
                .map(one -> one.task().backfillId())
                .filter(Objects::nonNull)
                .distinct()
                .toArray(UUID[]::new);
        if (ids.length > 0) {
            try (PreparedStatement hold =
                    connection.prepareStatement("select 1 from backfill where id = any(?) order by id for share")) {
                hold.setArray(1, connection.createArrayOf("uuid", ids));
                hold.execute();
            }
        }
    }

    /** How a failure ends. */
    enum Verdict {
        /** It was not the entity's fault: however often. */
        RETRY,
        /** Often enough, and it is given up. */
        COUNT,
        /** Asking again would change nothing. */
        GIVE_UP,
        /** CircleCI has no such thing (any more): that is final. */
        NOT_FOUND
    }

    /** The wait after a failure that so many went before. */
    Duration backoff(int failures) {
        Duration wait = config.backoff().multipliedBy(1L << Math.min(failures, 20));
        return wait.compareTo(config.maxBackoff()) < 0 ? wait : config.maxBackoff();
    }

    /** Try again later, after a wait that doubles, or after what CircleCI asked for if that is longer; or never. */
    void failed(Task task, String error, Duration pause, Verdict verdict) throws SQLException {
        int attempts = task.attempts() + 1;
        long backoff = backoff(task.attempts()).toMillis();
        String state = switch (verdict) {
            case RETRY -> "pending";
            case COUNT -> "pending";
            case GIVE_UP -> "given_up";
            case NOT_FOUND -> "not_found";
        };
        int inVain = verdict == Verdict.COUNT ? 1 : 0;
        settle(
                task,
                "attempts = ?, last_error = ?, settled_at = now(), in_vain = in_vain + ?,"
                        + " state = case when in_vain + ? >= ? then 'given_up' else ? end,"
                        // Jitter goes on top: what CircleCI asked for is never undercut.
                        + " due_at = now() + ? * (1 + random() / 4) * interval '1 millisecond'",
                attempts,
                error,
                inVain,
                inVain,
                config.maxAttempts(),
                state,
                pause == null ? backoff : Math.max(backoff, pause.toMillis()));
    }

    /** Not asked at all: back to the others, for when nothing is in the way. */
    void release(Task task) throws SQLException {
        settle(task, "due_at = due_at");
    }

    /** Ends a claim. Where the task was named again meanwhile nothing of it holds but that: it is free to be claimed. */
    private void settle(Task task, String sets, Object... values) throws SQLException {
        List<Object> all = new ArrayList<>(Arrays.asList(values));
        all.addAll(List.of(task.kind().sqlName(), task.entityId()));
        String which = " where kind = ? and entity_id = ?";
        if (Rows.execute(
                        database,
                        "update enrichment_task set leased_until = null, %s%s and version = %d"
                                .formatted(sets, which, task.version()),
                        all.toArray())
                == 0) {
            Rows.execute(
                    database,
                    "update enrichment_task set leased_until = null" + which,
                    task.kind().sqlName(),
                    task.entityId());
        }
    }

    /**
     * Asks again for workflows that have not ended: each when a tenth of its age has passed since it was asked last, so
     * the pace slows down.
     *
     * @param open ids with when they were created
     */
    int again(Map<UUID, Instant> open) throws SQLException {
        try (Connection connection = database.getConnection()) {
            return Rows.update(
                    connection,
                    """
                    update enrichment_task t set state = 'pending', version = version + 1, due_at = now(), attempts = 0,
                        in_vain = 0,
                        source = 'reconcile', priority = 1
                    from unnest(?::uuid[], ?::timestamptz[]) as o(id, created_at)
                    where t.kind = 'workflow' and t.entity_id = o.id and t.state = 'done'
                        and t.settled_at + least(greatest((now() - o.created_at) / 10,
                            %d * interval '1 millisecond'), %d * interval '1 millisecond') <= now()""".formatted(
                                    config.openInterval().toMillis(),
                                    config.maxOpenInterval().toMillis()),
                    open.entrySet().stream()
                            .map(entry -> new Object[] {entry.getKey(), entry.getValue()})
                            .toList());
        }
    }

    /** How tasks stand; together they are all that ever became due. */
    record Counts(long pending, long done, long givenUp, long notFound) {}

    Counts counts() throws SQLException {
        return counts("select state, sum(tasks) from task_tally group by 1");
    }

    Counts ofProject(UUID id) throws SQLException {
        return counts("select state, sum(tasks) from task_tally where project_id = ? group by 1", id);
    }

    Counts ofBackfill(UUID id) throws SQLException {
        return counts("select state, count(*) from enrichment_task where backfill_id = ? group by 1", id);
    }

    private Counts counts(String sql, Object... ids) throws SQLException {
        Map<String, Long> counts = new HashMap<>();
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < ids.length; i++) {
                statement.setObject(i + 1, ids[i]);
            }
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    counts.put(row.getString(1), row.getLong(2));
                }
            }
        }
        return new Counts(
                counts.getOrDefault("pending", 0L),
                counts.getOrDefault("done", 0L),
                counts.getOrDefault("given_up", 0L),
                counts.getOrDefault("not_found", 0L));
    }

    /** How long the task waits that has been due longest of each urgency, in seconds, as {@link Task#priority}. */
    Map<Integer, Double> oldest() throws SQLException {
        Map<Integer, Double> oldest = new HashMap<>();
        Rows.each(
                database,
                "select priority, extract(epoch from now() - min(due_at)) from enrichment_task"
                        + " where state = 'pending' and due_at < now() group by 1",
                row -> oldest.put(row.getInt(1), row.getDouble(2)));
        return oldest;
    }

    /** Pipelines that CircleCI was asked for by their number and does not have. */
    long numbersNotFound() throws SQLException {
        return (long) Rows.number(
                database, "select count(*) from enrichment_task where kind = 'number' and state = 'not_found'");
    }

    /** Adds up what statements have added to the tally since; its sums stay what they are at every moment. */
    void foldTally() throws SQLException {
        Rows.execute(database, """
                with gone as (
                    delete from task_tally where (project_id, state) in (
                        select project_id, state from task_tally group by 1, 2 having count(*) > 1)
                    returning project_id, state, tasks)
                insert into task_tally select project_id, state, sum(tasks) from gone group by 1, 2""");
    }
}
