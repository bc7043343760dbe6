package dev.treering.audit;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Map;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import dev.treering.history.Regrowth;
import dev.treering.history.Regrowth.Untold;
import dev.treering.support.Rows;

/** The history is regrown from the trail and swapped in. After a restart it begins anew: another version may go on. */
@Singleton
class Rebuilding implements Work {

    private final DataSource owner;
    private final DeadLetters letters;
    private final Regrowth regrowth;
    private Regrowth.Growing growing;

    Rebuilding(@io.quarkus.agroal.DataSource("owner") DataSource owner, DeadLetters letters, Regrowth regrowth) {
        this.owner = owner;
        this.letters = letters;
        this.regrowth = regrowth;
    }

    @Override
    public String kind() {
        return "rebuild";
    }

    @Override
    public DataSource database() {
        return owner;
    }

    @Override
    public Plan plan(Map<String, String> wanted) throws SQLException {
        long waiting = letters.plan(Map.of()).count();
        try (Connection connection = owner.getConnection();
                var statement = connection.prepareStatement(
                        "select count(*), min(appended_at) as oldest, max(appended_at) as newest from trail");
                var row = statement.executeQuery()) {
            row.next();
            return new Plan(
                    row.getLong(1),
                    Rows.instant(row, "oldest"),
                    Rows.instant(row, "newest"),
                    "%d dead letters are tried again first; those that this version can read are applied"
                            .formatted(waiting));
        }
    }

    @Override
    public void begin(Task task) throws SQLException {
        Untold untold = Untold.valueOf(task.parameters().get("untold").toUpperCase(Locale.ROOT));
        growing = regrowth.begin(untold, task.startedBy(), task.startedAt());
    }

    @Override
    public Step step(Connection connection, Task task, String cursor) throws SQLException {
        int facts = growing.step(connection);
        return new Step(Math.max(0, facts), null, growing.isDone(), facts == Regrowth.LATER);
    }

    @Override
    public void tidy() throws SQLException {
        regrowth.tidy();
    }
}
