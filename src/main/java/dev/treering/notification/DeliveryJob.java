package dev.treering.notification;

import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import dev.treering.notification.Deliveries.Claimed;
import dev.treering.notification.Sender.Outcome;
import dev.treering.support.About;
import dev.treering.support.Accounting;
import dev.treering.support.Notice;
import dev.treering.support.Role;
import dev.treering.support.SchemaJob;
import dev.treering.support.Traces;
import dev.treering.support.TreeringConfig;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;

/**
 * The beat of deliveries. Each channel has one message under way at most, and channels that fail have half of the threads
 * at most: a target that is dead or hangs holds up itself alone.
 */
@Singleton
class DeliveryJob {

    private static final long LAST_WORDS_SECONDS = 5;

    private final Deliveries deliveries;
    private final Channels channels;
    private final Sender sender;
    private final DeliveryConfig config;
    private final TreeringConfig treering;
    private final SchemaJob schema;
    private final Accounting accounting;
    private final Traces traces;
    private final MeterRegistry meters;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Semaphore slots;
    private final Timer sending;
    private final AtomicInteger failing = new AtomicInteger();
    private final Notice waiting = new Notice();
    private volatile boolean stopping;

    DeliveryJob(
            Deliveries deliveries,
            Channels channels,
            Sender sender,
            DeliveryConfig config,
            TreeringConfig treering,
            SchemaJob schema,
            Accounting accounting,
            Traces traces,
            MeterRegistry meters) {
        this.deliveries = deliveries;
        this.channels = channels;
        this.sender = sender;
        this.config = config;
        this.treering = treering;
        this.schema = schema;
        this.accounting = accounting;
        this.traces = traces;
        this.meters = meters;
        slots = new Semaphore(config.concurrency());
        sending = Timer.builder("treering.notification.sending")
                .description("Time of one attempt")
                .register(meters);
        List.of("arrived", "failed", "repeated").forEach(this::attempts);
    }

    @Scheduled(
            every = "${treering.notification.delivery.interval}",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void send() {
        boolean more = working();
        while (more && slots.tryAcquire()) {
            Optional<Claimed> first = claim();
            more = first.isPresent();
            if (more) {
                threads.execute(() -> work(first.get()));
            } else {
                slots.release();
            }
        }
    }

    private boolean working() {
        return !stopping && schema.current() && treering.roles().contains(Role.WORKER);
    }

    /** Sends this message and then whatever else is due, until nothing is. */
    private void work(Claimed first) {
        try {
            for (Optional<Claimed> next = Optional.of(first); next.isPresent(); next = claim()) {
                attempt(next.get());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            slots.release();
        }
    }

    private void attempt(Claimed claimed) throws InterruptedException {
        if (claimed.repeated()) {
            attempts("repeated").increment();
        }
        try {
            Outcome outcome = traces.step("notify", claimed.cause().trace(), ids(claimed), () -> sender.send(claimed));
            settle(claimed, outcome);
            attempts(outcome.arrived() ? "arrived" : "failed").increment();
            sending.record(outcome.latencyMillis(), TimeUnit.MILLISECONDS);
        } catch (SQLException e) {
            // What has arrived and could not be written down is sent again, under the same id.
            waiting.say("The outcome of a delivery cannot be written down: " + e.getMessage());
        } finally {
            failing.addAndGet(claimed.failing() ? -1 : 0);
        }
    }

    private void settle(Claimed claimed, Outcome outcome) throws SQLException {
        About.each(ids(claimed), () -> {
            deliveries.settle(claimed, outcome);
            if (!outcome.arrived()) {
                Log.debugf("Delivery %s to '%s' failed: %s", claimed.id(), claimed.channel(), outcome.error());
            } else if (!claimed.resent()) {
                accounting.notified(claimed.cause().receivedAt());
            }
            return null;
        });
    }

    private static Map<String, Object> ids(Claimed claimed) {
        Map<String, Object> ids = new HashMap<>();
        ids.put("delivery", claimed.id());
        // Null where this version cannot read it.
        if (claimed.message() != null) {
            ids.put("workflow", claimed.message().workflowId());
            ids.put("pipeline", claimed.message().pipelineId());
        }
        return ids;
    }

    // One after another, so that two do not take the last of the half.
    private synchronized Optional<Claimed> claim() {
        try {
            Optional<Claimed> claimed =
                    stopping ? Optional.empty() : deliveries.claim(failing.get() < config.concurrency() / 2);
            claimed.filter(Claimed::failing).ifPresent(one -> failing.incrementAndGet());
            waiting.over();
            return claimed;
        } catch (SQLException | IllegalStateException e) {
            if (!stopping) {
                waiting.say("Deliveries wait for the database: " + e.getMessage());
            }
            return Optional.empty();
        }
    }

    private Counter attempts(String outcome) {
        return meters.counter("treering.notification.attempts", "outcome", outcome);
    }

    @Scheduled(
            every = "10s",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tidy() {
        if (!working()) {
            return;
        }
        try {
            deliveries.tidy();
            channels.reseal();
        } catch (SQLException e) {
            if (!stopping) {
                waiting.say("The log of deliveries cannot be tidied: " + e.getMessage());
            }
        }
    }

    /** Who is being sent to may still answer: an outcome that is not written down is a message sent twice. */
    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        stopping = true;
        threads.shutdown();
        if (!threads.awaitTermination(LAST_WORDS_SECONDS, TimeUnit.SECONDS)) {
            threads.shutdownNow();
        }
    }
}
