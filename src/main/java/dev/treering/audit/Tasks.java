package dev.treering.audit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import dev.treering.event.CloudEvent;
import dev.treering.support.Json;
import dev.treering.support.Problem;
import dev.treering.support.Rows;

/** The table of long work. The oldest that runs is done first; of each kind there is one at most. */
@Singleton
class Tasks {

    private final DataSource database;

    /** A task, a worker's run of it, and where that begins. */
    record Claimed(Task task, UUID run, String cursor) {}

    Tasks(DataSource database) {
        this.database = database;
    }

    /** Starts one as it was planned. */
    Task start(String kind, Map<String, String> wanted, Work.Plan plan, String by) throws SQLException {
        UUID id = UUID.randomUUID();
        Rows.execute(database, """
                insert into audit_task (id, kind, parameters, plan, total, started_by) values (?, ?, ?::jsonb, ?::jsonb, ?, ?)
                on conflict (kind) where state = 'running' do nothing""", id, kind, json(wanted), json(plan), plan.count(), by);
        Optional<Task> started = find(id);
        if (started.isEmpty()) {
            throw new Problem(
                    409,
                    "There is a %s already: follow it at /api/tasks/%s, or DELETE that to end it"
                            .formatted(
                                    kind,
                                    first("where kind = ? and state = 'running'", kind)
                                            .map(running -> running.task.id().toString())
                                            .orElse("")));
        }
        return started.get();
    }

    Optional<Task> find(UUID id) throws SQLException {
        return first("where id = ?", id).map(Claimed::task);
    }

    void cancel(UUID id) throws SQLException {
        Rows.execute(
                database,
                "update audit_task set state = 'cancelled', finished_at = now() where id = ? and state = 'running'",
                id);
    }

    boolean isEmpty() throws SQLException {
        return first("where state = 'running' or run is not null limit 1").isEmpty();
    }

    /**
     * Takes over the next one, or one that ended and was not tidied up after; only one worker at a time asks.
     *
     * @param kinds that this version knows
     */
    Optional<Claimed> claim(Collection<String> kinds) throws SQLException {
        UUID run = UUID.randomUUID();
        Rows.execute(database, """
                update audit_task set run = ?, done = case when cursor is null then 0 else done end
                where id = (select id from audit_task
                    where (state = 'running' or run is not null) and kind = any(string_to_array(?, ' '))
                    order by state = 'running', started_at, id limit 1)""", run, String.join(" ", kinds));
        return first("where run = ?", run);
    }

    /** Writes down what a step did; false where the task is no longer this run's to do. */
    boolean advance(Connection connection, Claimed claimed, Work.Step step) throws SQLException {
        return Rows.execute(
                        connection,
                        """
                        update audit_task set done = done + ?, total = greatest(total, done + ?), cursor = ?, problem = null,
                            state = case when ? then 'done' else state end,
                            finished_at = case when ? then now() end
                        where id = ? and run = ? and state = 'running'""",
                        step.done(),
                        step.done(),
                        step.cursor(),
                        step.ended(),
                        step.ended(),
                        claimed.task.id(),
                        claimed.run)
                == 1;
    }

    /** Says what it waits for, or, for good, why it failed. */
    void problem(Claimed claimed, String problem, boolean failed) throws SQLException {
        Rows.execute(database, """
                update audit_task set problem = ?, state = case when ? then 'failed' else state end,
                    finished_at = case when ? then now() end
                where id = ? and run = ? and state = 'running'""", CloudEvent.printable(problem), failed, failed, claimed.task.id(), claimed.run);
    }

    void tidied(Claimed claimed) throws SQLException {
        Rows.execute(
                database, "update audit_task set run = null where id = ? and state <> 'running'", claimed.task.id());
    }

    private Optional<Claimed> first(String where, Object... values) throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement("select * from audit_task " + where)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(claimed(row)) : Optional.empty();
            }
        }
    }

    private static Claimed claimed(ResultSet row) throws SQLException {
        try {
            Task task = new Task(
                    row.getObject("id", UUID.class),
                    row.getString("kind"),
                    Json.CIRCLECI.readValue(row.getString("parameters"), new TypeReference<>() {}),
                    Json.CIRCLECI.readValue(row.getString("plan"), Work.Plan.class),
                    row.getString("state"),
                    row.getLong("done"),
                    row.getLong("total"),
                    row.getString("problem"),
                    row.getString("started_by"),
                    Rows.instant(row, "started_at"),
                    Rows.instant(row, "finished_at"));
            return new Claimed(task, row.getObject("run", UUID.class), row.getString("cursor"));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a row of audit_task holds what is not ours", e);
        }
    }

    private static String json(Object value) {
        try {
            return Json.CIRCLECI.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts and plans are always JSON", e);
        }
    }
}
