package dev.treering.outbox;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;

import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Event;
import jakarta.inject.Singleton;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import dev.treering.event.CloudEvent;
import dev.treering.support.Json;
import dev.treering.support.Rows;
import io.quarkus.logging.Log;
import io.quarkus.narayana.jta.QuarkusTransaction;

/**
 * The table of records that Kafka has not taken yet. A station adds rows inside its own transaction ({@link #add}), a
 * receiver stores single records when Kafka does not answer ({@link #store}); the relay publishes and deletes them.
 */
@Singleton
public class Outbox {

    private static final TypeReference<LinkedHashMap<String, String>> HEADERS = new TypeReference<>() {};

    private static final long MOST_BYTES = 8L * 1024 * 1024;

    private final DataSource database;
    private final OutboxConfig config;
    private final Event<Added> added;
    private final BlockingQueue<Waiting> queue;
    // One thread commits for everybody: a hundred requests that wait together share one transaction.
    private final ExecutorService writer =
            Executors.newSingleThreadExecutor(task -> new Thread(task, "treering-outbox"));

    private record Waiting(CloudEvent event, CompletableFuture<Void> stored) {}

    /** A stored record and its place in the table. */
    private record Row(long id, CloudEvent event) {}

    /** Rows that were added have been committed. */
    record Added() {}

    Outbox(DataSource database, OutboxConfig config, Event<Added> added) {
        this.database = database;
        this.config = config;
        this.added = added;
        queue = new ArrayBlockingQueue<>(config.storeQueue());
    }

    /** Adds the records as part of the caller's transaction. */
    public void add(Connection connection, List<CloudEvent> events) throws SQLException {
        List<Object[]> rows = new ArrayList<>(events.size());
        for (CloudEvent event : events) {
            rows.add(new Object[] {event.topic(), event.key(), headersAsJson(event), event.value()});
        }
        Rows.update(
                connection,
                "insert into outbox (topic, key, headers, value)"
                        + " select * from unnest(?::text[], ?::text[], ?::jsonb[], ?::bytea[])",
                rows);
    }

    /** For who has committed what {@link #add} added: the relay of this instance does not wait for its next beat. */
    public void relaySoon() {
        added.fireAsync(new Added()).exceptionally(failure -> {
            Log.error("The relay failed, its next beat tries again", failure);
            return null;
        });
    }

    /**
     * Stores the record in a transaction of its own and never blocks. Completes when that is committed; fails after the
     * store timeout, when the row may still come to be: whoever sends it again sends a duplicate, not another event.
     */
    public CompletableFuture<Void> store(CloudEvent event) {
        Waiting waiting = new Waiting(event, new CompletableFuture<>());
        if (!queue.offer(waiting)) {
            return CompletableFuture.failedFuture(
                    new RejectedExecutionException("Already %d records wait for PostgreSQL".formatted(queue.size())));
        }
        writer.execute(this::storeWaiting);
        // Who was refused comes again with the same bytes; those that wait here would only fill the memory.
        waiting.stored.whenComplete((stored, failure) -> {
            if (failure != null) {
                queue.remove(waiting);
            }
        });
        return waiting.stored.orTimeout(config.storeTimeout().toMillis(), TimeUnit.MILLISECONDS);
    }

    private void storeWaiting() {
        List<Waiting> batch = new ArrayList<>();
        queue.drainTo(batch, 1000);
        // Those whose caller has given up were answered 503 and come again.
        batch.removeIf(waiting -> waiting.stored.isDone());
        if (batch.isEmpty()) {
            return;
        }
        try {
            inTransaction(connection -> {
                add(connection, batch.stream().map(Waiting::event).toList());
                return null;
            });
            batch.forEach(waiting -> waiting.stored.complete(null));
        } catch (RuntimeException e) {
            batch.forEach(waiting -> waiting.stored.completeExceptionally(e));
        }
    }

    /**
     * Publishes up to {@code limit} rows and deletes those that Kafka acknowledged. The rows are locked meanwhile, so
     * several relays share the work; a relay that dies leaves its rows to the others, and what it had published goes
     * twice with the same id.
     *
     * @return the number of rows carried over
     */
    int relay(int limit, Publisher publisher) {
        return inTransaction(connection -> {
            List<Row> rows = lockOldest(connection, limit);
            List<CompletableFuture<Void>> acknowledgements =
                    rows.stream().map(row -> publisher.publish(row.event)).toList();
            List<Object[]> carried = new ArrayList<>();
            List<Object[]> failed = new ArrayList<>();
            for (int i = 0; i < rows.size(); i++) {
                (acknowledged(acknowledgements.get(i)) ? carried : failed).add(new Object[] {rows.get(i).id});
            }
            Rows.update(connection, "delete from outbox where id = any(?::bigint[])", carried);
            // Behind the others: a row that Kafka never takes must not stand before those that it would.
            Rows.update(connection, "update outbox set attempts = attempts + 1 where id = any(?::bigint[])", failed);
            return carried.size();
        });
    }

    private static boolean acknowledged(CompletableFuture<Void> acknowledgement) {
        try {
            acknowledgement.get();
            return true;
        } catch (ExecutionException e) {
            // The publisher has said so; the row stays for the next round.
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static List<Row> lockOldest(Connection connection, int limit) throws SQLException {
        List<Row> rows = new ArrayList<>();
        try (var statement = connection.prepareStatement("select id, topic, key, headers::text, value from outbox"
                + " order by attempts, id limit ? for update skip locked")) {
            statement.setInt(1, limit);
            // Read in small portions, so that a few hundred large bodies are not all in memory at once.
            statement.setFetchSize(16);
            long bytes = 0;
            try (var result = statement.executeQuery()) {
                while (bytes < MOST_BYTES && result.next()) {
                    rows.add(new Row(
                            result.getLong(1),
                            new CloudEvent(
                                    result.getString(2),
                                    result.getString(3),
                                    headersFromJson(result.getString(4)),
                                    result.getBytes(5))));
                    bytes += rows.get(rows.size() - 1).event.value().length;
                }
            }
        }
        return rows;
    }

    /** Rows that wait, and the age of the oldest in seconds. */
    public record Backlog(long rows, double oldestSeconds) {}

    public Backlog backlog() throws SQLException {
        try (var connection = database.getConnection();
                var statement = connection.prepareStatement(
                        "select count(*)," + " coalesce(extract(epoch from now() - min(created_at)), 0) from outbox");
                var result = statement.executeQuery()) {
            result.next();
            return new Backlog(result.getLong(1), result.getDouble(2));
        }
    }

    private interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    private <T> T inTransaction(Work<T> work) {
        return QuarkusTransaction.requiringNew().call(() -> {
            try (Connection connection = database.getConnection()) {
                return work.on(connection);
            }
        });
    }

    private static String headersAsJson(CloudEvent event) {
        try {
            return Json.CIRCLECI.writeValueAsString(event.headers());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("headers are text and always JSON", e);
        }
    }

    private static Map<String, String> headersFromJson(String json) {
        try {
            return Json.CIRCLECI.readValue(json, HEADERS);
        } catch (JsonProcessingException e) {
            throw new CompletionException("a row of outbox holds headers that are not JSON: " + json, e);
        }
    }

    @PreDestroy
    void close() {
        writer.shutdown();
    }
}
