package dev.treering.chaos;

import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** PostgreSQL is gone, hangs, is full of others or locked: the history waits and skips nothing, and webhooks are taken. */
@ChaosSuite
class DatabaseChaos {

    private static final int RATE = 100;
    private static final Duration LONGEST_READ = Duration.ofSeconds(9);

    private final ExecutorService readers = Executors.newCachedThreadPool();
    private World world;
    private Proxy reads;
    // Reads through a proxy of its own, as from a replica.
    private Instance reader;

    @BeforeAll
    void start() {
        world = World.named("database")
                // One login for everything: its connections can be taken by whoever has it too.
                .with("QUARKUS_DATASOURCE_USERNAME", "treering")
                .start();
        reads = Proxy.before(world.database().port());
        reader = world.instance("reader", "worker,api")
                .with(
                        "QUARKUS_DATASOURCE_READS_JDBC_URL",
                        world.database()
                                .jdbcUrl()
                                .replace(":" + world.database().port() + "/", ":" + reads.port() + "/"));
        reader.start();
        world.workers().add(reader);
    }

    @AfterAll
    void close() {
        readers.shutdownNow();
        if (reads != null) {
            reads.close();
        }
        if (world != null) {
            world.close();
        }
    }

    @Test
    @Tag("F23")
    void nothing_is_skipped_and_webhooks_are_taken_while_postgresql_is_away() throws Exception {
        Scenario scenario = underLoad("F23");
        world.database().stopImmediately();
        waitingIsNamed(scenario);
        scenario.run(Duration.ofSeconds(8));
        world.database().start();
        goesOn(scenario);
    }

    @Test
    @Tag("F23")
    void nothing_is_skipped_and_webhooks_are_taken_while_postgresql_hangs() throws Exception {
        Scenario scenario = underLoad("F23 hangs");
        world.database().freeze();
        scenario.named(world.receiver(), DatabaseChaos::databaseIsNamed);
        scenario.named(reader, DatabaseChaos::databaseIsNamed);
        assertThat(statusOfRead(world.receiver())).isEqualTo(503);
        assertThat(world.receiver().ready()).isTrue();
        scenario.run(Duration.ofSeconds(4));
        world.database().thaw();
        goesOn(scenario);
    }

    @Test
    @Tag("F24")
    void postgresql_killed_under_load_is_used_again_within_thirty_seconds() throws Exception {
        // Given
        Scenario scenario = underLoad("F24");

        // When
        scenario.kill(world.database());
        scenario.run(Duration.ofSeconds(1));
        world.database().start();

        // Then
        long entries = world.database().number("select count(*) from trail");
        await("facts are recorded again")
                .atMost(Duration.ofSeconds(30))
                .until(() -> world.database().number("select count(*) from trail") > entries + RATE);
        for (int i = 0; i < 30; i++) {
            assertThat(read(world.receiver()).statusCode()).isEqualTo(404);
        }
        goesOn(scenario);
    }

    @Test
    @Tag("F27")
    void connections_taken_by_somebody_else_are_waited_for() throws Exception {
        // Given
        world.database().with("max_connections=40").stop("INT");
        world.database().start();
        Scenario scenario = underLoad("F27 connections");
        List<Connection> others = new ArrayList<>();
        try {
            // When
            takeAll(others);
            waitingIsNamed(scenario);
            scenario.run(Duration.ofSeconds(3));
        } finally {
            for (Connection other : others) {
                other.close();
            }
        }

        // Then
        goesOn(scenario);
        world.database().with("max_connections=200").stop("INT");
        world.database().start();
    }

    @Test
    @Tag("F27")
    void a_locked_table_ends_reads_with_503_and_recording_waits_for_it() throws Exception {
        // Given
        Scenario scenario = underLoad("F27 lock");
        long dead = deadLetters();

        // When
        try (Connection locker = world.database().connect();
                Statement statement = locker.createStatement()) {
            locker.setAutoCommit(false);
            statement.execute("lock table workflow in access exclusive mode");
            long begin = System.nanoTime();
            HttpResponse<String> answer = world.receiver().get("/api/v2/workflow/" + UUID.randomUUID());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(LONGEST_READ);
            scenario.run(Duration.ofSeconds(5));
            locker.rollback();
        }

        // Then
        assertThat(deadLetters()).isEqualTo(dead);
        goesOn(scenario);
    }

    @Test
    @Tag("F27")
    void reads_that_hang_do_not_keep_the_history_from_its_work() throws Exception {
        // Given
        Scenario scenario = underLoad("F27 reads");
        double before = reader.metric("treering_trail_entries_total");

        // When
        reads.swallow();
        long begin = System.nanoTime();
        List<CompletableFuture<Integer>> answers = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            answers.add(CompletableFuture.supplyAsync(() -> statusOfRead(reader), readers));
        }

        // Then
        scenario.run(Duration.ofSeconds(3));
        assertThat(reader.metric("treering_trail_entries_total")).isGreaterThan(before + RATE / 2);
        assertThat(answers.stream().map(CompletableFuture::join)).containsOnly(503);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(LONGEST_READ);
        reads.heal();
        await("reads are answered again").atMost(Duration.ofSeconds(30)).until(() -> statusOfRead(reader) == 404);
        goesOn(scenario);
    }

    private Scenario underLoad(String rows) {
        Scenario scenario = world.scenario(rows);
        scenario.traffic(RATE);
        scenario.run(Duration.ofSeconds(3));
        return scenario;
    }

    private void waitingIsNamed(Scenario scenario) throws Exception {
        scenario.named(world.receiver(), DatabaseChaos::databaseIsNamed);
        scenario.named(
                reader,
                status -> databaseIsNamed(status) && status.path("waiting").has("history"));
        HttpResponse<String> answer = read(world.receiver());
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.body()).contains("The database does not answer");
        assertThat(answer.headers().firstValue("Retry-After")).isPresent();
    }

    private static boolean databaseIsNamed(JsonNode status) {
        return !status.path("postgresql").asText("takes writes").equals("takes writes")
                && status.path("state").asText().equals("degraded");
    }

    private void goesOn(Scenario scenario) {
        scenario.cleared(world.receiver());
        scenario.cleared(reader);
        assertThat(scenario.answers().statuses()).containsOnlyKeys(202);
        assertThat(deadLetters()).isZero();
        scenario.conclude();
    }

    private long deadLetters() {
        return world.database().number("select count(*) from dead_letter");
    }

    private static HttpResponse<String> read(Instance instance) throws Exception {
        return instance.get("/api/v2/pipeline/" + UUID.randomUUID());
    }

    private static int statusOfRead(Instance instance) {
        try {
            return read(instance).statusCode();
        } catch (Exception e) {
            return 0;
        }
    }

    /** Ends everybody's connections and takes every one there is. */
    private void takeAll(List<Connection> others) throws SQLException {
        Connection first = world.database().connect();
        others.add(first);
        long end = System.nanoTime() + 3_000_000_000L;
        try (Statement statement = first.createStatement()) {
            while (System.nanoTime() < end) {
                statement.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user"
                        + " and application_name <> 'taker' and pid <> pg_backend_pid()");
                takeWhatThereIs(others);
            }
        }
    }

    private void takeWhatThereIs(List<Connection> others) {
        try {
            while (true) {
                Connection other = world.database().connect();
                others.add(other);
                try (Statement statement = other.createStatement()) {
                    statement.execute("set application_name = 'taker'");
                }
            }
        } catch (SQLException full) {
            // That is what was wanted.
        }
    }
}
