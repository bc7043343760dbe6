package dev.treering.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

import dev.treering.embedded.EmbeddedDatabase.Durability;

/** Broker and database together: started at the same time, closed in the order that lets nobody wait for the other. */
public final class EmbeddedStores implements AutoCloseable {

    private final EmbeddedKafka kafka;
    private final EmbeddedDatabase database;
    private final Runnable afterwards;

    private EmbeddedStores(EmbeddedKafka kafka, EmbeddedDatabase database, Runnable afterwards) {
        this.kafka = kafka;
        this.database = database;
        this.afterwards = afterwards;
    }

    /** Stores whose data stay in the folder, on the well-known ports when those are free. */
    public static EmbeddedStores durable(Path folder) {
        return start(folder, 9092, 5432, Durability.POWER_CUT, () -> {});
    }

    /** Stores for one test run: any ports, no waiting for the disk, nothing left behind. */
    public static EmbeddedStores temporary() {
        try {
            Path folder = Files.createTempDirectory("treering-stores-");
            return start(folder, 0, 0, Durability.PROCESS_EXIT, () -> delete(folder));
        } catch (IOException e) {
            throw new StoreException("No temporary folder for the stores can be created.", e);
        }
    }

    /** What the application must be told to use these stores. */
    public Map<String, String> settings() {
        return Map.of(
                "kafka.bootstrap.servers", kafka.bootstrapServers(),
                "quarkus.datasource.jdbc.url", database.jdbcUrl(),
                "quarkus.datasource.username", database.username(),
                "quarkus.datasource.password", database.password(),
                "quarkus.datasource.owner.username", database.owner(),
                "quarkus.datasource.owner.password", database.password());
    }

    @Override
    public void close() {
        QuietLogs.hush();
        try {
            kafka.close();
        } finally {
            database.close();
            afterwards.run();
        }
    }

    private static EmbeddedStores start(
            Path folder, int kafkaPort, int databasePort, Durability durability, Runnable afterwards) {
        QuietLogs.hush();
        FutureTask<EmbeddedDatabase> starting =
                new FutureTask<>(() -> EmbeddedDatabase.start(folder.resolve("postgres"), databasePort, durability));
        // A thread of our own: it inherits the class loader that can see PostgreSQL's binaries, a pool's would not.
        new Thread(starting, "treering-database-start").start();
        EmbeddedKafka kafka;
        try {
            kafka = EmbeddedKafka.start(folder.resolve("kafka"), kafkaPort);
        } catch (RuntimeException e) {
            closeAfterFailure(starting, e);
            throw e;
        }
        try {
            return new EmbeddedStores(kafka, await(starting), afterwards);
        } catch (RuntimeException e) {
            kafka.close();
            throw e;
        }
    }

    private static EmbeddedDatabase await(FutureTask<EmbeddedDatabase> starting) {
        try {
            return starting.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof StoreException known
                    ? known
                    : new StoreException("PostgreSQL did not start: " + e.getCause(), e.getCause());
        } catch (InterruptedException | CancellationException e) {
            Thread.currentThread().interrupt();
            throw new StoreException("Interrupted while PostgreSQL was starting.", e);
        }
    }

    private static void closeAfterFailure(FutureTask<EmbeddedDatabase> starting, RuntimeException reason) {
        try {
            await(starting).close();
        } catch (RuntimeException second) {
            reason.addSuppressed(second);
        }
    }

    private static void delete(Path folder) {
        try {
            Folders.delete(folder);
        } catch (IOException e) {
            throw new StoreException("The temporary folder " + folder + " cannot be deleted.", e);
        }
    }
}
