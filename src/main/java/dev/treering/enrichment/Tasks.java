package dev.treering.enrichment;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import dev.treering.enrichment.Task.Kind;
import dev.treering.support.Rows;

/** The table of tasks: a queue that survives everything, shared by all workers. Its clock is the database's, one for all. */
@Singleton
class Tasks {

    private final DataSource database;
    private final EnrichmentConfig config;

    Tasks(DataSource database, EnrichmentConfig config) {
        this.database = database;
        this.config = config;
    }

    /**
     * Makes the tasks due. One that was named before is due again only by a later event: a redelivered webhook has the
     * same time and asks for nothing new.
     */
    void name(Collection<Task> tasks) throws SQLException {
        List<Object[]> rows = tasks.stream()
                .map(task -> new Object[] {
                    task.kind().sqlName(),
                    task.entityId(),
                    task.projectId(),
                    task.projectSlug(),
                    task.pipelineId(),
                    task.workflowId(),
                    task.jobNumber(),
                    task.namedAt()
                })
                .toList();
        try (Connection connection = database.getConnection()) {
            Rows.update(connection, """
                    insert into enrichment_task as t (kind, entity_id, project_id, project_slug, pipeline_id, workflow_id,
                        job_number, named_at)
                    select * from unnest(?::text[], ?::uuid[], ?::uuid[], ?::text[], ?::uuid[], ?::uuid[], ?::bigint[],
                        ?::timestamptz[]) as s(kind, id, p, s, pl, w, n, at) order by kind, id
                    on conflict (kind, entity_id) do update set project_slug = excluded.project_slug,
                        named_at = excluded.named_at, version = t.version + 1, state = 'pending', attempts = 0,
                        due_at = now()
                    where excluded.named_at > t.named_at""", rows);
        }
    }

    /** Takes due tasks, the longest due first, and keeps them for the length of a lease. */
    List<Task> claim() throws SQLException {
        List<Task> tasks = new ArrayList<>();
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement("""
                        with due as materialized (select kind, entity_id from enrichment_task
                            where state = 'pending' and kind in ('workflow', 'job') and due_at <= now()
                                and (leased_until is null or leased_until < now())
                            order by due_at limit ? for update skip locked)
                        update enrichment_task t set leased_until = now() + ? * interval '1 millisecond'
                        from due where t.kind = due.kind and t.entity_id = due.entity_id
                        returning t.*""")) {
            statement.setInt(1, config.batch());
            statement.setLong(2, config.lease().toMillis());
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    tasks.add(task(row));
                }
            }
        }
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
                row.getObject("named_at", OffsetDateTime.class).toInstant(),
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

    /** Remembers that the pipeline or project of a task was asked for. */
    void remember(Task task, Kind kind, UUID entityId) throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement("""
                        insert into enrichment_task (kind, entity_id, project_id, project_slug, named_at, state)
                        values (?, ?, ?, ?, ?, 'done') on conflict (kind, entity_id) do update set state = 'done'""")) {
            statement.setString(1, kind.sqlName());
            statement.setObject(2, entityId);
            statement.setObject(3, task.projectId());
            statement.setString(4, task.projectSlug());
            statement.setObject(5, task.namedAt().atOffset(ZoneOffset.UTC));
            statement.executeUpdate();
        }
    }

    /** The answer is durable. */
    void done(Task task) throws SQLException {
        settle(task, "state = 'done', last_error = null");
    }

    /**
     * Try again later, after a wait that doubles, or after what CircleCI asked for if that is longer.
     *
     * @param counts whether it was asked in vain (and not amid somebody's outage): often enough, and it is given up
     */
    void failed(Task task, String error, Duration pause, boolean counts) throws SQLException {
        int attempts = task.attempts() + 1;
        long backoff = Math.min(
                config.backoff().toMillis() << Math.min(attempts - 1, 20),
                config.maxBackoff().toMillis());
        settle(
                task,
                "attempts = ?, last_error = ?, state = ?,"
                        // Jitter goes on top: what CircleCI asked for is never undercut.
                        + " due_at = now() + ? * (1 + random() / 4) * interval '1 millisecond'",
                attempts,
                error,
                counts && attempts >= config.maxAttempts() ? "given_up" : "pending",
                pause == null ? backoff : Math.max(backoff, pause.toMillis()));
    }

    /** Not asked at all: back to the others, for later. */
    void release(Task task, Duration pause) throws SQLException {
        settle(task, "due_at = now() + ? * interval '1 millisecond'", pause.toMillis());
    }

    /** Ends a claim. Where the task was named again meanwhile nothing of it holds but that: it is free to be claimed. */
    private void settle(Task task, String sets, Object... values) throws SQLException {
        if (update(task, sets + ", leased_until = null", " and version = ?", values, task.version()) == 0) {
            update(task, "leased_until = null", "", new Object[0]);
        }
    }

    private int update(Task task, String sets, String condition, Object[] values, Object... conditions)
            throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement(
                        "update enrichment_task set " + sets + " where kind = ? and entity_id = ?" + condition)) {
            int index = 1;
            for (Object value : values) {
                statement.setObject(index++, value);
            }
            statement.setString(index++, task.kind().sqlName());
            statement.setObject(index++, task.entityId());
            for (Object value : conditions) {
                statement.setObject(index++, value);
            }
            return statement.executeUpdate();
        }
    }

    /** How the tasks stand; together they are all that ever became due. */
    record Counts(long pending, long done, long givenUp) {}

    Counts counts() throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement("""
                        select count(*) filter (where state = 'pending'), count(*) filter (where state = 'done'),
                            count(*) filter (where state = 'given_up') from enrichment_task""");
                ResultSet row = statement.executeQuery()) {
            row.next();
            return new Counts(row.getLong(1), row.getLong(2), row.getLong(3));
        }
    }
}
