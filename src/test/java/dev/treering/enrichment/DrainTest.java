package dev.treering.enrichment;

import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

import jakarta.inject.Inject;

import dev.treering.FlowTest;
import dev.treering.circleci.CircleCi;
import dev.treering.circleci.CircleCis;
import dev.treering.enrichment.Task.Kind;
import dev.treering.enrichment.Task.Named;
import dev.treering.event.Snapshot;
import dev.treering.event.Source;
import dev.treering.history.History;
import dev.treering.simulation.CircleCiStub;
import dev.treering.simulation.Job;
import dev.treering.simulation.Run;
import dev.treering.simulation.Scenarios;
import dev.treering.support.Accounting;
import dev.treering.support.SchemaJob;
import dev.treering.support.Traces;
import dev.treering.support.TreeringConfig;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * CircleCI is away for a day, and then all that waits is asked to the last: a hundred thousand tasks, or a thousand for each of
 * {@code -Ddrain.runs=…}. The time is one that we turn: the
 * worker's, CircleCI's, and by a schema with a {@code now()} of its own also the database's.
 */
@FlowTest
class DrainTest {

    private static final int RUNS = Integer.getInteger("drain.runs", 100);
    private static final int JOBS = 1_000;
    private static final int LIMIT = 100;
    private static final String TOKEN = "drain-token";
    private static final Comparator<Task> URGENCY = Comparator.<Task>comparingInt(task -> Task.priority(task.source()))
            .thenComparing(Task::namedAt, Comparator.reverseOrder());

    @Inject
    EnrichmentConfig config;

    @Inject
    TreeringConfig treering;

    @Inject
    SchemaJob schema;

    @Inject
    History history;

    @Inject
    Accounting accounting;

    private final Instant begin = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    private Instant now = begin;
    private final Clock clock = ((InstantSource) () -> now).withZone(ZoneOffset.UTC);
    private final CircleCiStub stub = CircleCiStub.start(TOKEN, clock, RUNS * JOBS / 10);
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final List<UUID> answered = new ArrayList<>();
    private AgroalDataSource database;
    private CircleCi circleCi;
    private Tasks tasks;
    private EnrichmentJob job;

    @BeforeEach
    void build() throws SQLException {
        database = AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                .connectionPoolConfiguration(pool -> pool.maxSize(2)
                        .connectionFactoryConfiguration(connection -> connection
                                .jdbcUrl(setting("jdbc.url"))
                                .credential(new NamePrincipal(setting("owner.username")))
                                .credential(new SimplePassword(setting("password")))
                                .jdbcProperty("currentSchema", "drain,pg_catalog"))));
        change("create schema drain");
        change("create table drain.clock as select '%s'::timestamptz as at".formatted(now));
        change("create function drain.now() returns timestamptz stable language sql as 'select at from drain.clock'");
        for (String table : List.of("enrichment_task", "api_budget", "reconciliation", "backfill")) {
            change("create table drain.%s (like public.%s including all)".formatted(table, table));
        }
        circleCi = CircleCis.asking(stub.url(), TOKEN, database, meters, clock);
        tasks = new Tasks(database, config);
        Snapshots kafka = new Snapshots(null) {
            @Override
            CompletableFuture<Void> publish(Snapshot snapshot, String trace) {
                answered.add(snapshot.jobId());
                return CompletableFuture.completedFuture(null);
            }
        };
        Enricher enricher = new Enricher(circleCi, tasks, config);
        job = new EnrichmentJob(
                tasks,
                enricher,
                kafka,
                new Reconciler(database, tasks, circleCi, enricher, history, config),
                new Backfills(database, circleCi, tasks, config, clock),
                circleCi,
                config,
                treering,
                schema,
                clock,
                accounting,
                Traces.off(),
                meters);
    }

    @AfterEach
    void tearDown() throws SQLException {
        change("drop schema drain cascade");
        database.close();
        stub.close();
    }

    private static String setting(String name) {
        return ConfigProvider.getConfig().getValue("quarkus.datasource." + name, String.class);
    }

    private void change(String sql) throws SQLException {
        try (var connection = database.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private List<String> entities(String where) throws SQLException {
        List<String> entities = new ArrayList<>();
        try (var connection = database.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery("select entity_id from drain.enrichment_task where " + where)) {
            while (row.next()) {
                entities.add(row.getString(1));
            }
        }
        return entities;
    }

    /** A round of the job, and time passes until the next may ask. */
    private void round() throws SQLException {
        job.enrich();
        now = circleCi.pausedUntil().isAfter(now) ? circleCi.pausedUntil() : now.plusSeconds(1);
        change("update drain.clock set at = '%s'".formatted(now));
    }

    /** Jobs, a fifth of them told by webhooks, the others missed or of the past, in no order. */
    private List<Task> backlog() {
        Scenarios scenarios = new Scenarios(40, "drain");
        List<Task> backlog = new ArrayList<>();
        for (int run = 1; run <= RUNS; run++) {
            Run wide = scenarios.wide(run, begin.minus(Duration.ofDays(200 - run)), JOBS);
            stub.register(wide);
            for (Job job : wide.workflows().get(0).jobs()) {
                Source source = List.of(
                                Source.API, Source.RECONCILE, Source.RECONCILE, Source.BACKFILL, Source.BACKFILL)
                        .get(backlog.size() % 5);
                backlog.add(task(wide, job, source, begin.minusSeconds(backlog.size())));
            }
        }
        Collections.shuffle(backlog, new Random(40));
        return backlog;
    }

    private static Task task(Run run, Job job, Source source, Instant namedAt) {
        return new Task(
                Kind.JOB,
                job.id(),
                run.project().id(),
                run.project().slug(),
                run.id(),
                run.workflows().get(0).id(),
                job.number().orElseThrow(),
                source,
                namedAt,
                null,
                null,
                1,
                0);
    }

    private void name(List<Task> named) throws SQLException {
        tasks.name(
                named.stream().map(task -> new Named(task, true, Duration.ZERO)).toList());
    }

    @Tag("F40")
    @Test
    void waitingTasks_areAllDoneAfterADayWithoutCircleCiUnderTheLimitAndTheNewestFirst() throws SQLException {
        // Given
        long wall = System.nanoTime();
        stub.down(true);
        stub.limit(LIMIT, Duration.ofSeconds(1));
        List<Task> backlog = backlog();
        for (int i = 0; i < backlog.size(); i += JOBS) {
            name(backlog.subList(i, i + JOBS));
        }
        // When CircleCI does not answer for a day
        while (now.isBefore(begin.plus(Duration.ofDays(1)))) {
            round();
        }
        int inVain = stub.totalCalls();
        List<String> again = entities("attempts > 0");
        assertThat(answered).isEmpty();
        assertThat(inVain).as("calls of that day").isBetween(200, 400);
        // and then does, and a webhook comes while the past is being asked for
        stub.down(false);
        Instant back = now;
        while (answered.size() < RUNS * JOBS * 3 / 4) {
            round();
        }
        Run run = new Scenarios(41, "drain-live").wide(1, begin, 1);
        stub.register(run);
        Task live = task(run, run.workflows().get(0).jobs().get(0), Source.API, now);
        name(List.of(live));
        int before = answered.size();
        while (!entities("state = 'pending' limit 1").isEmpty()) {
            round();
        }
        // Then all are done, none was given up, and each was asked once but for those in vain
        assertThat(entities("state <> 'done'")).isEmpty();
        assertThat(answered).hasSize(RUNS * JOBS + 1).doesNotHaveDuplicates();
        assertThat(stub.totalCalls()).isEqualTo(inVain + RUNS * JOBS + 1);
        // and no call was one too many
        assertThat(meters.find("treering.circleci.requests")
                        .tag("status", "429")
                        .counters())
                .extracting(Counter::count)
                .isEmpty();
        assertThat(stub.forbiddenCalls()).isZero();
        assertThat(Duration.between(back, now)).isGreaterThan(Duration.ofSeconds(RUNS * JOBS / LIMIT - 1));
        // and the most urgent came first, in each urgency the newest, where none had been asked for in vain
        List<UUID> wanted = backlog.stream()
                .sorted(URGENCY)
                .map(Task::entityId)
                .filter(id -> !again.contains(id.toString()))
                .toList();
        assertThat(answered.stream()
                        .filter(id -> !again.contains(id.toString()) && !id.equals(live.entityId()))
                        .toList())
                .isEqualTo(wanted);
        assertThat(answered.indexOf(live.entityId()) - before).isLessThan(config.batch());
        System.out.printf(
                "drain: %d tasks in %d s of their time, %d s of ours; %d calls in a day without CircleCI, for %d tasks%n",
                answered.size(),
                Duration.between(back, now).toSeconds(),
                (System.nanoTime() - wall) / 1_000_000_000,
                inVain,
                again.size());
    }
}
