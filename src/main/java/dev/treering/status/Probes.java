package dev.treering.status;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import dev.treering.outbox.Publisher;
import dev.treering.outbox.TopicsJob;

/** Asks the two stores whether they take writes, within a second or so. */
@Singleton
class Probes {

    private static final int PATIENCE_MILLIS = 1000;

    private final DataSource database;
    private final Publisher publisher;
    private final TopicsJob topics;

    Probes(DataSource database, Publisher publisher, TopicsJob topics) {
        this.database = database;
        this.publisher = publisher;
        this.topics = topics;
    }

    /**
     * Kafka's last word, from the records that go there and the topics that are looked at all the time: no question of its
     * own. Null when it takes them.
     */
    String kafkaProblem() {
        // Where nothing is sent, only the topics' look finds out.
        return topics.ready() && !(publisher.healthy() && topics.answer())
                ? "does not answer; webhooks go to the outbox"
                : topics.problem();
    }

    /** What keeps PostgreSQL from taking writes; null when nothing does. */
    String databaseProblem() {
        try (var connection = database.getConnection()) {
            // A server that hangs answers no cancellation either: only the socket's own timeout ends the waiting.
            int usual = connection.getNetworkTimeout();
            connection.setNetworkTimeout(Runnable::run, PATIENCE_MILLIS);
            String problem = problem(connection);
            connection.setNetworkTimeout(Runnable::run, usual);
            return problem;
        } catch (SQLException e) {
            return String.valueOf(e.getMessage()).lines().findFirst().orElse("it does not answer");
        }
    }

    /** Of the database, and of its rows those that vacuum has to clear. */
    record Size(long bytes, long deadRows) {}

    Size size() throws SQLException {
        try (var connection = database.getConnection();
                var statement = connection.createStatement();
                var result = statement.executeQuery("select pg_database_size(current_database()),"
                        + " (select coalesce(sum(n_dead_tup), 0) from pg_stat_user_tables)")) {
            result.next();
            return new Size(result.getLong(1), result.getLong(2));
        }
    }

    private static String problem(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var result = statement.executeQuery(
                        "select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on',"
                                + " to_regclass('outbox') is null")) {
            result.next();
            if (result.getBoolean(1)) {
                return "it is read-only";
            }
            return result.getBoolean(2) ? "the schema is not there yet" : null;
        }
    }
}
