package dev.treering.enrichment;

import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import dev.treering.circleci.CircleCi;
import dev.treering.circleci.CircleCiException;
import dev.treering.support.Role;
import dev.treering.support.SchemaJob;
import dev.treering.support.TreeringConfig;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;

/** The beat of enrichment: claims what is due and asks for it, one call at a time, and keeps silent when asked to. */
@Singleton
public class EnrichmentJob {

    private final Tasks tasks;
    private final Enricher enricher;
    private final CircleCi circleCi;
    private final EnrichmentConfig config;
    private final TreeringConfig treering;
    private final SchemaJob schema;
    private final Clock clock;
    private volatile boolean stopping;
    private volatile Instant pausedUntil = Instant.EPOCH;
    private volatile String problem;
    private volatile Tasks.Counts counts = new Tasks.Counts(0, 0, 0);

    /**
     * How enrichment stands.
     *
     * @param state {@code on}, {@code off} (no token, or not a worker) or {@code paused}
     * @param problem what CircleCI last refused; null when it answers
     */
    public record Status(String state, Instant pausedUntil, String problem, long pending, long done, long givenUp) {}

    EnrichmentJob(
            Tasks tasks,
            Enricher enricher,
            CircleCi circleCi,
            EnrichmentConfig config,
            TreeringConfig treering,
            SchemaJob schema,
            Clock clock,
            MeterRegistry meters) {
        this.tasks = tasks;
        this.enricher = enricher;
        this.circleCi = circleCi;
        this.config = config;
        this.treering = treering;
        this.schema = schema;
        this.clock = clock;
        Gauge.builder("treering.enrichment.tasks", () -> counts.pending())
                .tag("state", "pending")
                .register(meters);
        Gauge.builder("treering.enrichment.tasks", () -> counts.done())
                .tag("state", "done")
                .register(meters);
        Gauge.builder("treering.enrichment.tasks", () -> counts.givenUp())
                .tag("state", "given_up")
                .register(meters);
    }

    @Scheduled(
            every = "${treering.enrichment.interval}",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void enrich() {
        if (!asking() || !schema.current() || clock.instant().isBefore(pausedUntil)) {
            return;
        }
        try {
            List<Task> claimed;
            do {
                claimed = tasks.claim();
            } while (!claimed.isEmpty() && askAll(claimed));
        } catch (SQLException e) {
            if (!stopping) {
                Log.warnf("Enrichment waits for the database: %s", e.getMessage());
            }
        }
    }

    /** Whether more may be asked; what was claimed and must wait goes back. */
    private boolean askAll(List<Task> claimed) throws SQLException {
        Instant leaseHalfOver = clock.instant().plus(config.lease().dividedBy(2));
        for (int i = 0; i < claimed.size(); i++) {
            if (!ask(claimed.get(i)) || stopping || clock.instant().isAfter(leaseHalfOver)) {
                Duration pause = Duration.between(clock.instant(), pausedUntil);
                for (Task unasked : claimed.subList(i + 1, claimed.size())) {
                    tasks.release(unasked, pause.isNegative() ? Duration.ZERO : pause);
                }
                return !stopping && !clock.instant().isBefore(pausedUntil);
            }
        }
        return true;
    }

    /** Whether the next task may be asked for. */
    private boolean ask(Task task) throws SQLException {
        try {
            enricher.enrich(task);
            problem = null;
            return true;
        } catch (CircleCiException e) {
            return settle(task, e);
        } catch (RuntimeException e) {
            Log.warnf("Enriching %s %s failed: %s", task.kind(), task.entityId(), e.getMessage());
            tasks.failed(task, String.valueOf(e.getMessage()), null, false);
            return true;
        }
    }

    private boolean settle(Task task, CircleCiException e) throws SQLException {
        switch (e.kind()) {
            case LIMITED -> {
                pause(e, e.retryAfter().orElse(config.backoff()));
                tasks.failed(task, e.getMessage(), Duration.between(clock.instant(), pausedUntil), false);
                return false;
            }
            case REJECTED -> {
                pause(e, config.rejectedPause());
                tasks.failed(task, "token rejected: " + e.getMessage(), config.rejectedPause(), false);
                return false;
            }
            default -> {
                problem = e.getMessage();
                boolean counts = e.kind() != CircleCiException.Kind.UNAVAILABLE;
                tasks.failed(task, e.getMessage(), e.retryAfter().orElse(null), counts);
                return true;
            }
        }
    }

    private void pause(CircleCiException e, Duration pause) {
        pausedUntil = clock.instant().plus(pause);
        problem = e.kind() == CircleCiException.Kind.REJECTED ? "token rejected" : e.getMessage();
        Log.warnf("CircleCI: %s; nothing is asked before %s", problem, pausedUntil);
    }

    @Scheduled(
            every = "10s",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void count() {
        if (schema.current() && treering.roles().contains(Role.WORKER)) {
            try {
                counts = tasks.counts();
            } catch (SQLException e) {
                Log.debugf("The tasks cannot be counted now: %s", e.getMessage());
            }
        }
    }

    void stop(@Observes ShutdownEvent event) {
        stopping = true;
    }

    private boolean asking() {
        return treering.roles().contains(Role.WORKER) && circleCi.hasToken();
    }

    public Status status() {
        Instant until = pausedUntil.isAfter(clock.instant()) ? pausedUntil : null;
        String state = asking() ? until == null ? "on" : "paused" : "off";
        return new Status(
                state,
                until,
                circleCi.hasToken() ? problem : "token missing: set TREERING_CIRCLECI_TOKEN",
                counts.pending(),
                counts.done(),
                counts.givenUp());
    }
}
