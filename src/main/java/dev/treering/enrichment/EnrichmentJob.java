package dev.treering.enrichment;

import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.ToLongFunction;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.persistence.PersistenceException;

import dev.treering.circleci.CircleCi;
import dev.treering.circleci.CircleCi.Pause;
import dev.treering.circleci.CircleCiException;
import dev.treering.enrichment.Enricher.Told;
import dev.treering.enrichment.Tasks.Verdict;
import dev.treering.event.Source;
import dev.treering.support.Accounting;
import dev.treering.support.Notice;
import dev.treering.support.Role;
import dev.treering.support.SchemaJob;
import dev.treering.support.Traces;
import dev.treering.support.TreeringConfig;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import org.apache.kafka.common.errors.RecordTooLargeException;

/**
 * The beat of everything that asks CircleCI, one call at a time: what happens now, then what was missed, then comparing,
 * then the past.
 */
@Singleton
public class EnrichmentJob {

    private static final int MISSED = Task.priority(Source.RECONCILE);
    private static final int PAST = Task.priority(Source.BACKFILL);

    private final Tasks tasks;
    private final Enricher enricher;
    private final Snapshots snapshots;
    private final Reconciler reconciler;
    private final Backfills backfills;
    private final CircleCi circleCi;
    private final EnrichmentConfig config;
    private final TreeringConfig treering;
    private final SchemaJob schema;
    private final Clock clock;
    private final Accounting accounting;
    private final Traces traces;
    private final Notice waiting = new Notice();
    private final Notice looking = new Notice();
    private volatile boolean stopping;
    private volatile Tasks.Counts counts = new Tasks.Counts(0, 0, 0, 0);
    private volatile Map<Integer, Double> oldest = Map.of();
    private volatile double overdue;
    private volatile double missing = Double.NaN;

    /**
     * How enrichment stands.
     *
     * @param state {@code on}, {@code off} (no token, or no worker runs), {@code limited} (CircleCI asked for a pause, as it does)
     *     or {@code paused} (something is wrong)
     * @param problem what CircleCI last refused; null when it answers
     */
    public record Status(
            String state, Instant pausedUntil, String problem, long pending, long done, long givenUp, long notFound) {}

    /** A task that CircleCI answered, on its way to Kafka. */
    private record Asked(Task task, Told told, CompletableFuture<Void> published) {}

    EnrichmentJob(
            Tasks tasks,
            Enricher enricher,
            Snapshots snapshots,
            Reconciler reconciler,
            Backfills backfills,
            CircleCi circleCi,
            EnrichmentConfig config,
            TreeringConfig treering,
            SchemaJob schema,
            Clock clock,
            Accounting accounting,
            Traces traces,
            MeterRegistry meters) {
        this.tasks = tasks;
        this.enricher = enricher;
        this.snapshots = snapshots;
        this.reconciler = reconciler;
        this.backfills = backfills;
        this.circleCi = circleCi;
        this.config = config;
        this.treering = treering;
        this.schema = schema;
        this.clock = clock;
        this.accounting = accounting;
        this.traces = traces;
        oldest(meters, "now", Task.priority(Source.API));
        oldest(meters, "missed", MISSED);
        oldest(meters, "past", PAST);
        Gauge.builder("treering.reconciliation.overdue", () -> overdue)
                .description("For how long the comparison with CircleCI has been due that is due longest")
                .baseUnit("seconds")
                .register(meters);
        Gauge.builder("treering.pipelines.missing", () -> missing)
                .description("Pipelines in the holes of all projects, but those that CircleCI does not have")
                .register(meters);
        gauge(meters, "pending", Tasks.Counts::pending);
        gauge(meters, "done", Tasks.Counts::done);
        gauge(meters, "given_up", Tasks.Counts::givenUp);
        gauge(meters, "not_found", Tasks.Counts::notFound);
    }

    private void gauge(MeterRegistry meters, String state, ToLongFunction<Tasks.Counts> count) {
        Gauge.builder("treering.enrichment.tasks", () -> count.applyAsLong(counts))
                .tag("state", state)
                .register(meters);
    }

    private void oldest(MeterRegistry meters, String urgency, int priority) {
        Gauge.builder("treering.enrichment.oldest", () -> oldest.getOrDefault(priority, 0.0))
                .description("For how long the task has been due that is due longest")
                .baseUnit("seconds")
                .tag("urgency", urgency)
                .register(meters);
    }

    @Scheduled(
            every = "${treering.enrichment.interval}",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void enrich() {
        if (stopping || !asking() || !schema.current()) {
            return;
        }
        try {
            boolean more = true;
            while (more && !stopping && circleCi.mayAsk()) {
                more = step();
            }
            waiting.over();
        } catch (SQLException | PersistenceException | IllegalStateException e) {
            // What is used may close under a round that a stop finds under way: nothing is lost by that.
            if (!stopping) {
                waiting.say("Enrichment waits for the database: " + e.getMessage());
            }
        }
    }

    /** Whether there was something to do. */
    private boolean step() throws SQLException {
        List<Task> claimed = tasks.claim(MISSED);
        if (claimed.isEmpty()) {
            if (reconciler.compareOne()) {
                return true;
            }
            claimed = tasks.claim(PAST);
        }
        if (claimed.isEmpty()) {
            return backfills.listOne();
        }
        askAll(claimed);
        return true;
    }

    private void askAll(List<Task> claimed) throws SQLException {
        Instant leaseHalfOver = clock.instant().plus(config.lease().dividedBy(2));
        List<Asked> asked = new ArrayList<>();
        try {
            for (int i = 0; i < claimed.size(); i++) {
                if (stopping || clock.instant().isAfter(leaseHalfOver) || paused()) {
                    for (Task unasked : claimed.subList(i, claimed.size())) {
                        tasks.release(unasked);
                    }
                    return;
                }
                Task task = claimed.get(i);
                traces.step("enrich", task.trace(), ids(task), () -> {
                    ask(task, asked);
                    return null;
                });
            }
        } finally {
            settle(asked);
        }
    }

    private void ask(Task task, List<Asked> asked) throws SQLException {
        try {
            Told told = enricher.ask(task);
            asked.add(new Asked(task, told, snapshots.publish(told.snapshot(), traces.current())));
        } catch (CircleCiException e) {
            switch (e.kind()) {
                case LIMITED -> tasks.release(task);
                // Behind the others: if it is this one alone that the token may not see, they show that.
                case REJECTED -> failed(task, e, Verdict.RETRY);
                case UNAVAILABLE -> failed(task, e, Verdict.RETRY);
                case UNREADABLE -> failed(task, e, Verdict.COUNT);
                case REFUSED -> failed(task, e, Verdict.GIVE_UP);
                case NOT_FOUND -> failed(task, e, young(task) ? Verdict.RETRY : Verdict.NOT_FOUND);
            }
        } catch (RuntimeException e) {
            Log.warnf("Enriching %s %s failed: %s", task.kind(), task.entityId(), e.getMessage());
            tasks.failed(task, String.valueOf(e.getMessage()), null, Verdict.COUNT);
        }
    }

    private static Map<String, Object> ids(Task task) {
        Map<String, Object> ids = new HashMap<>();
        ids.put("pipeline", task.pipelineId());
        ids.put("workflow", task.workflowId());
        ids.put(task.kind().sqlName(), task.entityId());
        return ids;
    }

    /** Whether a webhook told of it just now: CircleCI may not show it yet. */
    private boolean young(Task task) {
        return task.source() == Source.API
                && clock.instant().isBefore(task.namedAt().plus(config.notFoundAfter()));
    }

    private void failed(Task task, CircleCiException e, Verdict verdict) throws SQLException {
        tasks.failed(task, e.getMessage(), e.retryAfter().orElse(null), verdict);
    }

    /** What is too large for Kafka will be so again: that is tried a few times only. */
    static Verdict verdict(ExecutionException refusal) {
        for (Throwable cause = refusal; cause != null; cause = cause.getCause()) {
            if (cause instanceof RecordTooLargeException) {
                return Verdict.COUNT;
            }
        }
        return Verdict.RETRY;
    }

    /** What Kafka has is done, all of it at once; the rest is asked for again. */
    private void settle(List<Asked> asked) throws SQLException {
        List<Asked> durable = new ArrayList<>();
        for (Asked one : asked) {
            try {
                one.published.get();
                durable.add(one);
            } catch (ExecutionException e) {
                tasks.failed(one.task, "Kafka did not take it: " + e.getCause().getMessage(), null, verdict(e));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        if (!durable.isEmpty()) {
            // A workflow that runs on is asked for later on purpose; jobs and pipelines are named when they have ended.
            durable.stream()
                    .map(Asked::task)
                    .filter(task -> task.source() == Source.API && task.kind() != Task.Kind.WORKFLOW)
                    .forEach(task -> accounting.enriched(task.namedAt()));
            tasks.done(
                    durable.stream().map(Asked::task).toList(),
                    durable.stream()
                            .flatMap(one -> one.told.alongWith().stream())
                            .toList(),
                    durable.stream().flatMap(one -> one.told.named().stream()).toList());
        }
    }

    @Scheduled(
            every = "10s",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void look() {
        if (stopping || !schema.current() || !treering.roles().contains(Role.WORKER)) {
            return;
        }
        try {
            tasks.foldTally();
            counts = tasks.counts();
            oldest = tasks.oldest();
            overdue = reconciler.overdue();
            reconciler.lookForWork();
            backfills.finish();
            looking.over();
        } catch (SQLException | PersistenceException | IllegalStateException e) {
            if (!stopping) {
                looking.say("What was missed cannot be looked for: " + e.getMessage());
            }
        }
    }

    // Seldom: it walks over all pipelines.
    @Scheduled(
            every = "5m",
            delayed = "5s",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void lookForHoles() {
        if (stopping || !schema.current() || !treering.roles().contains(Role.WORKER)) {
            return;
        }
        try {
            missing = reconciler.missing();
        } catch (SQLException | PersistenceException | IllegalStateException e) {
            // The look above says what is wrong.
            missing = Double.NaN;
        }
    }

    void stop(@Observes ShutdownEvent event) {
        stopping = true;
        if (asking() && schema.current()) {
            try {
                circleCi.leaveToOthers();
            } catch (SQLException e) {
                // The lease runs out by itself.
                Log.debugf("The right to ask CircleCI cannot be left to others: %s", e.getMessage());
            }
        }
    }

    /** Whether this instance is one that asks. */
    public boolean asking() {
        return treering.roles().contains(Role.WORKER) && circleCi.hasToken();
    }

    private boolean paused() {
        return clock.instant().isBefore(circleCi.pausedUntil());
    }

    /** How it stands here, or, told by an instance that asks nothing itself, with those that do. */
    public Status status() throws SQLException {
        Optional<Pause> told =
                asking() ? Optional.of(new Pause(circleCi.pausedUntil(), circleCi.problem())) : circleCi.lastTold();
        Tasks.Counts now = tasks.counts();
        String problem = told.map(Pause::problem).orElse(null);
        Instant until = told.map(Pause::until).filter(clock.instant()::isBefore).orElse(null);
        boolean paused = until != null && problem != null;
        return new Status(
                !paused ? told.isPresent() ? "on" : "off" : told.get().limited() ? "limited" : "paused",
                paused ? until : null,
                told.isPresent() ? problem : "no worker has a token: set TREERING_CIRCLECI_TOKEN",
                now.pending(),
                now.done(),
                now.givenUp(),
                now.notFound());
    }
}
