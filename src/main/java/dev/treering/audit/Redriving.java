package dev.treering.audit;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import dev.treering.history.Redrive;

/** Dead letters are tried again: one, those of a reason, or all. */
@Singleton
class Redriving implements Work {

    private final DataSource database;
    private final DeadLetters letters;
    private final Redrive redrive;

    Redriving(DataSource database, DeadLetters letters, Redrive redrive) {
        this.database = database;
        this.letters = letters;
        this.redrive = redrive;
    }

    @Override
    public String kind() {
        return "redrive";
    }

    @Override
    public DataSource database() {
        return database;
    }

    @Override
    public Plan plan(Map<String, String> wanted) throws SQLException {
        return letters.plan(wanted);
    }

    @Override
    public Step step(Connection connection, Task task, String cursor) throws SQLException {
        Object[] chosen = DeadLetters.chosen(task.parameters());
        int judged = redrive.some(
                connection,
                task.startedBy(),
                DeadLetters.CHOSEN + " and coalesce(d.tried_at < ?::timestamptz, true)",
                chosen[0],
                chosen[1],
                task.startedAt().toString());
        return new Step(judged, "those not tried yet", judged == 0, false);
    }
}
