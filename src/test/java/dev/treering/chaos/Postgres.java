package dev.treering.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import dev.treering.embedded.EmbeddedDatabase;
import dev.treering.embedded.EmbeddedDatabase.Durability;

import static org.awaitility.Awaitility.await;

/**
 * A PostgreSQL server as a child process. It does not wait for the disk: processes die here, machines do not.
 */
final class Postgres extends Part {

    /** The login of every instance, which does not own the tables. */
    static final String APPLICATION = "treering_app";

    private static final String NAME = "treering";

    private final int port;
    private final int advertised;
    private final List<String> settings = new ArrayList<>();
    private Disk disk;

    /** @param advertised the port clients are told, which may be a proxy's */
    Postgres(Path folder, int port, int advertised) {
        super(folder, "postgres");
        this.port = port;
        this.advertised = advertised;
        // Unpacks, initialises and creates the database; from then on the server is ours to start and to kill.
        EmbeddedDatabase.start(folder, port, Durability.PROCESS_EXIT).close();
    }

    /** One more setting of the server, for its next start: {@code max_connections=30}. */
    Postgres with(String setting) {
        settings.add(setting);
        return this;
    }

    /** From its next start on, with all its data. */
    void moveTo(Disk small) throws IOException, InterruptedException {
        small.copy(folder().resolve("data"));
        disk = small;
    }

    int port() {
        return port;
    }

    /** As the service reaches it. */
    String jdbcUrl() {
        return jdbcUrl(advertised);
    }

    /** Of the owner. */
    String username() {
        return NAME;
    }

    String password() {
        return NAME;
    }

    private static String jdbcUrl(int port) {
        return "jdbc:postgresql://" + Ports.LOOPBACK + ":" + port + "/" + NAME;
    }

    /** Past the proxy, as the test looks at it. */
    Connection connect() throws SQLException {
        return DriverManager.getConnection(
                jdbcUrl(port) + "?connectTimeout=2&socketTimeout=120", username(), password());
    }

    /** The rows of a query, each as its columns in text. */
    List<List<String>> rows(String sql) {
        List<List<String>> rows = new ArrayList<>();
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            while (result.next()) {
                List<String> row = new ArrayList<>();
                for (int column = 1; column <= result.getMetaData().getColumnCount(); column++) {
                    row.add(result.getString(column));
                }
                rows.add(row);
            }
            return rows;
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    long number(String sql) {
        return Long.parseLong(rows(sql).get(0).get(0));
    }

    void execute(String sql) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    /** As the server's administrator. */
    void administer(String sql) {
        String url = jdbcUrl(port).replaceFirst("[^/]*$", "postgres");
        try (Connection connection = DriverManager.getConnection(url, "postgres", "postgres");
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    /** The administrator's "immediate" shutdown: as a crash, with recovery at the next start. */
    void stopImmediately() {
        stop("QUIT");
    }

    @Override
    List<String> command() {
        List<String> command = new ArrayList<>(disk == null ? List.of() : disk.entrance());
        if ("root".equals(System.getProperty("user.name"))) {
            // It refuses to run as root; in a user namespace of its own it is nobody.
            command.addAll(List.of("unshare", "-U"));
        }
        command.addAll(List.of(
                binary().toString(),
                "-D",
                (disk == null ? folder() : disk.mount())
                        .resolve("data")
                        .toAbsolutePath()
                        .toString()));
        List<String> all = new ArrayList<>(List.of(
                "port=" + port,
                "listen_addresses=" + Ports.LOOPBACK,
                "unix_socket_directories=",
                "max_connections=200",
                "fsync=off",
                "full_page_writes=off",
                // Without it a commit is acknowledged while its record is only in the server's own memory.
                "synchronous_commit=on",
                "logging_collector=off"));
        all.addAll(settings);
        all.forEach(setting -> command.addAll(List.of("-c", setting)));
        return command;
    }

    @Override
    boolean answers() throws SQLException {
        try (Connection connection = connect()) {
            return connection.isValid(2);
        }
    }

    /** Orphans of a killed server hold its shared memory for a moment more: the start is tried until they are gone. */
    @Override
    void awaitAnswer() {
        await("PostgreSQL answers")
                .atMost(Duration.ofSeconds(90))
                .pollInterval(Duration.ofMillis(100))
                .until(() -> {
                    launch();
                    return answersQuietly();
                });
    }

    private Path binary() {
        try (Stream<Path> versions = Files.list(folder().resolve("binaries"))) {
            return versions.map(version -> version.resolve("bin/postgres"))
                    .filter(Files::isExecutable)
                    .findFirst()
                    .orElseThrow()
                    .toAbsolutePath();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
