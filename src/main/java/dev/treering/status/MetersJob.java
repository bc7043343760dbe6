package dev.treering.status;

import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

import jakarta.inject.Singleton;
import jakarta.persistence.PersistenceException;

import dev.treering.history.History;
import dev.treering.notification.DeliveryLog;
import dev.treering.outbox.Outbox;
import dev.treering.support.Role;
import dev.treering.support.SchemaJob;
import dev.treering.support.TreeringConfig;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import org.eclipse.microprofile.config.Config;

/**
 * What only the stores know, asked every ten seconds and not at every scrape. What is not known at the moment is NaN: an
 * alert sees neither a zero that is none nor what was long ago. Of what all instances would tell alike, the workers tell.
 */
@Singleton
class MetersJob {

    private final Probes probes;
    private final Outbox outbox;
    private final History history;
    private final DeliveryLog deliveries;
    private final SchemaJob schema;
    private final Clock clock;
    private final MeterRegistry meters;
    private final boolean worker;
    private volatile boolean kafka;
    private volatile boolean postgresql;
    private volatile Stored stored;

    private record Stored(
            Outbox.Backlog outbox,
            History.DeadLetters deadLetters,
            Instant partitionsEnd,
            DeliveryLog.Backlog notifications,
            Probes.Size size) {}

    MetersJob(
            Probes probes,
            Outbox outbox,
            History history,
            DeliveryLog deliveries,
            TreeringConfig treering,
            SchemaJob schema,
            Clock clock,
            Config config,
            MeterRegistry meters) {
        this.probes = probes;
        this.outbox = outbox;
        this.history = history;
        this.deliveries = deliveries;
        this.schema = schema;
        this.clock = clock;
        this.meters = meters;
        this.worker = treering.roles().contains(Role.WORKER);
        String roles = treering.roles().stream().map(Role::toString).sorted().collect(Collectors.joining(","));
        Gauge.builder("treering.info", () -> 1)
                .description("An instance that runs")
                .tags("version", config.getValue("quarkus.application.version", String.class), "roles", roles)
                .register(meters);
        up("kafka", job -> job.kafka ? 1 : 0);
        up("postgresql", job -> job.postgresql ? 1 : 0);
        if (worker) {
            gauge("outbox.rows", null, "Records that Kafka is not known to have", now -> now.outbox.rows());
            gauge("outbox.oldest", "seconds", "Age of the oldest", now -> now.outbox.oldestSeconds());
            gauge("dead.letters", null, "Facts that could not be read", now -> now.deadLetters.letters());
            gauge("dead.letters.oldest", "seconds", "Age of the oldest", now -> now.deadLetters.oldestSeconds());
            gauge("trail.partitions", "seconds", "Until the last partition ends", this::untilPartitionsEnd);
            gauge("notification.pending", null, "Messages to be sent", now -> now.notifications.pending());
            gauge(
                    "notification.oldest",
                    "seconds",
                    "For how long the oldest is due where messages arrive",
                    now -> now.notifications.oldestSeconds());
            gauge("notification.channels.off", null, "Channels switched off", now -> now.notifications.channelsOff());
            gauge("database.size", "bytes", "All of the database", now -> now.size.bytes());
            gauge("database.dead.rows", null, "Rows that vacuum has to clear", now -> now.size.deadRows());
        }
    }

    private void up(String store, ToDoubleFunction<MetersJob> up) {
        Gauge.builder("treering.store.up", this, up)
                .description("Whether the store takes writes")
                .tag("store", store)
                .register(meters);
    }

    private void gauge(String name, String unit, String description, ToDoubleFunction<Stored> value) {
        Gauge.builder("treering." + name, this, job -> {
                    Stored now = job.stored;
                    return now == null ? Double.NaN : value.applyAsDouble(now);
                })
                .description(description)
                .baseUnit(unit)
                .register(meters);
    }

    private double untilPartitionsEnd(Stored now) {
        return Duration.between(clock.instant(), now.partitionsEnd).toSeconds();
    }

    @Scheduled(
            every = "10s",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void look() {
        kafka = probes.kafkaProblem() == null;
        postgresql = probes.databaseProblem() == null;
        try {
            stored = worker && postgresql && schema.current()
                    ? new Stored(
                            outbox.backlog(),
                            history.deadLettersWaiting(),
                            history.partitionsEnd(),
                            deliveries.backlog(),
                            probes.size())
                    : null;
        } catch (SQLException | PersistenceException | IllegalStateException e) {
            // Whoever works with the database says what is wrong with it.
            stored = null;
        }
    }
}
