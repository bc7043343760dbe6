package dev.treering.audit;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import dev.treering.history.Retelling;
import dev.treering.outbox.Outbox;
import dev.treering.support.Rows;

/** What changed in a span is told once more, for a consumer that missed it, no faster than the outbox empties. */
@Singleton
class Republishing implements Work {

    private static final String SPAN = "t.appended_at >= ?::timestamptz and t.appended_at < ?::timestamptz"
            + " and coalesce(t.key, '') = coalesce(?, t.key, '')";
    private static final long MOST_WAITING = 10_000;

    private final DataSource database;
    private final Retelling retelling;
    private final Outbox outbox;

    Republishing(DataSource database, Retelling retelling, Outbox outbox) {
        this.database = database;
        this.retelling = retelling;
        this.outbox = outbox;
    }

    @Override
    public String kind() {
        return "republication";
    }

    @Override
    public DataSource database() {
        return database;
    }

    private static Object[] span(Map<String, String> wanted) {
        return new Object[] {wanted.get("from"), wanted.get("to"), wanted.get("project_id")};
    }

    @Override
    public Plan plan(Map<String, String> wanted) throws SQLException {
        try (Connection connection = database.getConnection();
                var statement = connection.prepareStatement(
                        "select count(*), min(appended_at) as oldest, max(appended_at) as newest from trail t where "
                                + SPAN)) {
            Object[] span = span(wanted);
            for (int i = 0; i < span.length; i++) {
                statement.setObject(i + 1, span[i]);
            }
            try (var row = statement.executeQuery()) {
                row.next();
                return new Plan(row.getLong(1), Rows.instant(row, "oldest"), Rows.instant(row, "newest"), null);
            }
        }
    }

    @Override
    public Step step(Connection connection, Task task, String cursor) throws SQLException {
        if (outbox.backlog().rows() > MOST_WAITING) {
            return new Step(0, cursor, false, true);
        }
        Retelling.Told told = retelling.some(
                connection, cursor == null ? Retelling.BEGINNING : cursor, SPAN, span(task.parameters()));
        return new Step(told.facts(), told.cursor(), told.cursor() == null, false);
    }
}
