package dev.treering.outbox;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;

import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import dev.treering.event.CloudEvent;
import dev.treering.support.Copy;
import dev.treering.support.Json;
import dev.treering.support.Rows;
import io.quarkus.narayana.jta.QuarkusTransaction;

/**
 * The table of records that Kafka has not taken yet. A station adds rows inside its own transaction ({@link #add}) and
 * hands them over after its commit ({@link #publish}); a receiver stores single records when Kafka does not answer ({@link
 * #store}). What is not deleted soon, because Kafka or whoever added it was away, the relay publishes and deletes.
 */
@Singleton
public class Outbox {

    private static final TypeReference<LinkedHashMap<String, String>> HEADERS = new TypeReference<>() {};

    private static final long MOST_BYTES = 8L * 1024 * 1024;

    private static final int MOST_DELETED = 5_000;

    private final DataSource database;
    private final OutboxConfig config;
    private final Publisher publisher;
    // Rows that Kafka has acknowledged, to be deleted many at once; after a crash they are published twice, with the
    // same id.
    private final Queue<Long> published = new ConcurrentLinkedQueue<>();
    private CompletableFuture<Void> publishing = CompletableFuture.completedFuture(null);
    private final BlockingQueue<Waiting> queue;
    // One thread commits for everybody: a hundred requests that wait together share one transaction. One turn may wait
    // while another is under way; it takes along all that came meanwhile.
    private final ExecutorService writer = new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(1),
            task -> new Thread(task, "treering-outbox"),
            new ThreadPoolExecutor.DiscardPolicy());
    private final ExecutorService carrier =
            Executors.newSingleThreadExecutor(task -> new Thread(task, "treering-outbox-publish"));

    private record Waiting(CloudEvent event, CompletableFuture<Void> stored) {}

    /** A stored record and its place in the table. */
    public record Row(long id, CloudEvent event) {}

    Outbox(DataSource database, OutboxConfig config, Publisher publisher) {
        this.database = database;
        this.config = config;
        this.publisher = publisher;
        queue = new ArrayBlockingQueue<>(config.storeQueue());
    }

    /**
     * Adds the records as part of the caller's transaction.
     *
     * @return the rows, which the relay leaves to the caller for ten seconds: to {@link #publish}, after the commit
     */
    public List<Row> add(Connection connection, List<CloudEvent> events) throws SQLException {
        return insert(connection, events, "now() + interval '10 seconds'");
    }

    /** Adds the records as part of the caller's transaction, for the relay. */
    public void leave(Connection connection, List<CloudEvent> events) throws SQLException {
        insert(connection, events, "null::timestamptz");
    }

    private static List<Row> insert(Connection connection, List<CloudEvent> events, String leasedUntil)
            throws SQLException {
        List<Row> rows = new ArrayList<>(events.size());
        if (events.isEmpty()) {
            return rows;
        }
        List<Object[]> values = new ArrayList<>(events.size());
        try (PreparedStatement statement = connection.prepareStatement(
                "select nextval('outbox_id_seq') as id, %s as leased_until from generate_series(1, ?)"
                        .formatted(leasedUntil))) {
            statement.setInt(1, events.size());
            try (ResultSet place = statement.executeQuery()) {
                for (CloudEvent event : events) {
                    place.next();
                    long id = place.getLong("id");
                    rows.add(new Row(id, event));
                    values.add(new Object[] {
                        id,
                        event.topic(),
                        event.key(),
                        new Copy.Jsonb(headersAsJson(event)),
                        event.value(),
                        Rows.instant(place, "leased_until")
                    });
                }
            }
        }
        Copy.in(connection, "outbox (id, topic, key, headers, value, leased_until)", values);
        return rows;
    }

    /** Publishes rows whose transaction has committed. Blocks only while those of the call before are being handed over. */
    public synchronized void publish(List<Row> rows) {
        if (rows.isEmpty() || !publisher.healthy()) {
            return;
        }
        publishing.join();
        publishing = CompletableFuture.runAsync(
                () -> rows.forEach(row -> publisher.publish(row.event).thenRun(() -> published.add(row.id))), carrier);
    }

    /** Deletes the rows that were published outside of the relay; what fails here the relay publishes again. */
    void forgetPublished() {
        while (!published.isEmpty()) {
            List<Object[]> ids = new ArrayList<>();
            for (Long id = published.poll(); id != null; id = ids.size() < MOST_DELETED ? published.poll() : null) {
                ids.add(new Object[] {id});
            }
            inTransaction(connection -> delete(connection, ids));
        }
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
        while (!queue.isEmpty()) {
            List<Waiting> batch = new ArrayList<>();
            queue.drainTo(batch, 1000);
            store(batch);
        }
    }

    private void store(List<Waiting> batch) {
        // Those whose caller has given up were answered 503 and come again.
        batch.removeIf(waiting -> waiting.stored.isDone());
        if (batch.isEmpty()) {
            return;
        }
        try {
            inTransaction(connection ->
                    insert(connection, batch.stream().map(Waiting::event).toList(), "null::timestamptz"));
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
    int relay(int limit) {
        return inTransaction(connection -> {
            List<Row> rows = lockOldest(connection, limit);
            List<CompletableFuture<Void>> acknowledgements =
                    rows.stream().map(row -> publisher.publish(row.event)).toList();
            List<Object[]> carried = new ArrayList<>();
            List<Object[]> failed = new ArrayList<>();
            for (int i = 0; i < rows.size(); i++) {
                (acknowledged(acknowledgements.get(i)) ? carried : failed).add(new Object[] {rows.get(i).id});
            }
            delete(connection, carried);
            // Behind the others: a row that Kafka never takes must not stand before those that it would.
            Rows.update(connection, "update outbox set attempts = attempts + 1 where id = any(?::bigint[])", failed);
            return carried.size();
        });
    }

    private static int delete(Connection connection, List<Object[]> ids) throws SQLException {
        // The table fills and empties within a minute: where it looked empty the last time, the planner would read all
        // of it.
        Rows.execute(connection, "set local enable_seqscan = off");
        return Rows.update(connection, "delete from outbox where id = any(?::bigint[])", ids);
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
        try (var statement = connection.prepareStatement("""
                select id, topic, key, headers::text, value from outbox where leased_until is null or leased_until < now()
                order by attempts, id limit ? for update skip locked""")) {
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

    /** Whether no row waits, not even for its deletion. */
    boolean isEmpty() {
        return inTransaction(connection -> {
            try (var statement = connection.prepareStatement("select not exists (select from outbox)");
                    ResultSet result = statement.executeQuery()) {
                return result.next() && result.getBoolean(1);
            }
        });
    }

    /** Rows that Kafka is not known to have, and the age of the oldest in seconds. */
    public record Backlog(long rows, double oldestSeconds) {}

    public Backlog backlog() throws SQLException {
        try (var connection = database.getConnection();
                var statement = connection.prepareStatement("""
                        select count(*), coalesce(extract(epoch from now() - min(created_at)), 0) from outbox""");
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
        carrier.shutdown();
    }
}
