package dev.treering.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

/**
 * A real PostgreSQL as a child process of this JVM, on the loopback address only, with one database {@code treering}
 * that belongs to the user {@code treering}, and a user {@code treering_app} who is let in by that one. A server left behind by a killed JVM is stopped first.
 */
public final class EmbeddedDatabase implements AutoCloseable {

    /** Whether a committed transaction survives a power cut, or only (and faster) the end of the process. */
    public enum Durability {
        POWER_CUT("on"),
        PROCESS_EXIT("off");

        private final String flushing;

        Durability(String flushing) {
            this.flushing = flushing;
        }
    }

    static final String NAME = "treering";
    static final String APPLICATION = "treering_app";

    private final EmbeddedPostgres server;
    private final OrphanedPostmaster postmaster;

    private EmbeddedDatabase(EmbeddedPostgres server, OrphanedPostmaster postmaster) {
        this.server = server;
        this.postmaster = postmaster;
    }

    /** Starts a server on the folder's {@code data}, which is initialised when it is new. A preferred port of 0 means any. */
    public static EmbeddedDatabase start(Path folder, int preferredPort, Durability durability) {
        Path data = folder.toAbsolutePath().resolve("data");
        OrphanedPostmaster postmaster = new OrphanedPostmaster(data);
        postmaster.clear();
        setAsideHalfInitialised(data);
        EmbeddedPostgres server = launch(folder, data, LoopbackPort.preferredOrFree(preferredPort), durability);
        EmbeddedDatabase database = new EmbeddedDatabase(server, postmaster);
        try {
            database.createOnce();
            Files.writeString(completed(data), "PostgreSQL was initialised here, and its database created.\n");
            return database;
        } catch (SQLException | IOException e) {
            database.close();
            throw new StoreException("The database " + NAME + " could not be created in " + data + ".", e);
        }
    }

    public String jdbcUrl() {
        return "jdbc:postgresql://" + LoopbackPort.ADDRESS + ":" + server.getPort() + "/" + NAME;
    }

    /** The application's login: it can read and write, and only add to the trail. */
    public String username() {
        return APPLICATION;
    }

    /** Who migrates, erases and drops. */
    public String owner() {
        return NAME;
    }

    /** Of both. Not a secret: only processes of this machine can connect at all, and PostgreSQL trusts those. */
    public String password() {
        return NAME;
    }

    @Override
    public void close() {
        Optional<ProcessHandle> process = postmaster.process();
        try {
            server.close();
        } catch (IOException e) {
            throw new StoreException("PostgreSQL could not be stopped.", e);
        }
        // The stop command gives up after five seconds, a last checkpoint may take longer.
        process.ifPresent(OrphanedPostmaster::awaitExit);
    }

    private static EmbeddedPostgres launch(Path folder, Path data, int port, Durability durability) {
        PostgresBinaries binaries = PostgresBinaries.in(folder.toAbsolutePath().resolve("binaries"));
        try {
            return EmbeddedPostgres.builder()
                    .setPgBinaryResolver(binaries)
                    .setOverrideWorkingDirectory(binaries.folder().toFile())
                    .setDataDirectory(data)
                    .setCleanDataDirectory(false)
                    .setRegisterShutdownHook(false)
                    .setPGStartupWait(Duration.ofSeconds(60))
                    .setPort(port)
                    // A locale of PostgreSQL's own: the machine's may be missing, or change under the indexes.
                    .setLocaleConfig("locale", "C")
                    .setLocaleConfig("locale-provider", "builtin")
                    .setLocaleConfig("builtin-locale", "C.UTF-8")
                    .setServerConfig("listen_addresses", LoopbackPort.ADDRESS)
                    .setServerConfig("unix_socket_directories", "")
                    .setServerConfig("max_connections", "100")
                    .setServerConfig("fsync", durability.flushing)
                    .setServerConfig("synchronous_commit", durability.flushing)
                    .setServerConfig("full_page_writes", durability.flushing)
                    // Its own log files, one for each weekday: a server that outlives us has somewhere to write.
                    .setServerConfig("logging_collector", "on")
                    .setServerConfig("log_directory", "log")
                    .setServerConfig("log_filename", "postgresql-%a.log")
                    .setServerConfig("log_truncate_on_rotation", "on")
                    .start();
        } catch (StoreException e) {
            throw e;
        } catch (IOException | RuntimeException | ExceptionInInitializerError e) {
            // It may be running all the same, only not answering.
            new OrphanedPostmaster(data).clear();
            throw new StoreException("""
                    PostgreSQL did not start in %s.
                    Its own reasons, if it wrote any, are in the newest file of %s.
                    As root it needs the right to create a user namespace: better run Treering as an ordinary user.
                    """.formatted(data, data.resolve("log")).strip(), e);
        }
    }

    /** A first start that was killed leaves a directory PostgreSQL can neither use nor initialise; it goes out of the way. */
    private static void setAsideHalfInitialised(Path data) {
        if (!Files.exists(data) || Files.exists(completed(data))) {
            return;
        }
        try {
            // Never deleted: that nothing was stored yet is our conclusion, and a person may know better.
            Files.move(data, data.resolveSibling("data-incomplete-" + UUID.randomUUID()));
        } catch (IOException e) {
            throw new StoreException("The half-initialised folder " + data + " cannot be set aside.", e);
        }
    }

    private static Path completed(Path data) {
        return data.resolveSibling("initialised");
    }

    private void createOnce() throws SQLException {
        try (Connection connection = server.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            for (String role : List.of(NAME, APPLICATION)) {
                if (!exists(statement, "SELECT 1 FROM pg_roles WHERE rolname = '" + role + "'")) {
                    statement.execute("CREATE ROLE " + role + " LOGIN PASSWORD '" + NAME + "'");
                }
            }
            if (!exists(statement, "SELECT 1 FROM pg_database WHERE datname = '" + NAME + "'")) {
                statement.execute("CREATE DATABASE " + NAME + " OWNER " + NAME);
            }
        }
    }

    private static boolean exists(Statement statement, String query) throws SQLException {
        try (ResultSet row = statement.executeQuery(query)) {
            return row.next();
        }
    }
}
