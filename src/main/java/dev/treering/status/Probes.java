package dev.treering.status;

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
    private final DataSource reads;
    private final Publisher publisher;
    private final TopicsJob topics;

    Probes(
            DataSource database,
            @io.quarkus.agroal.DataSource("reads") DataSource reads,
            Publisher publisher,
            TopicsJob topics) {
        this.database = database;
        this.reads = reads;
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
        try {
            return ask(
                    database,
                    "select case when pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' then 'it is read-only'"
                            + " when to_regclass('outbox') is null then 'the schema is not there yet' end");
        } catch (SQLException e) {
            return String.valueOf(e.getMessage()).lines().findFirst().orElse("it does not answer");
        }
    }

    /** Whether the database that reads go to, a replica perhaps, answers them. */
    boolean answersReads() {
        try {
            return ask(reads, "select to_regclass('pipeline')::text") != null;
        } catch (SQLException e) {
            return false;
        }
    }

    private static String ask(DataSource store, String question) throws SQLException {
        try (var connection = store.getConnection()) {
            // A server that hangs answers no cancellation either: only the socket's own timeout ends the waiting.
            int usual = connection.getNetworkTimeout();
            connection.setNetworkTimeout(Runnable::run, PATIENCE_MILLIS);
            try (var statement = connection.createStatement();
                    var result = statement.executeQuery(question)) {
                result.next();
                String answer = result.getString(1);
                connection.setNetworkTimeout(Runnable::run, usual);
                return answer;
            }
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
}
