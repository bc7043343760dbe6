package dev.treering.outbox;

import java.util.concurrent.atomic.AtomicInteger;

import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.inject.Singleton;

import dev.treering.support.Notice;
import dev.treering.support.SchemaJob;
import io.quarkus.arc.ArcUndeclaredThrowableException;
import io.quarkus.narayana.jta.QuarkusTransactionException;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;

/**
 * The relay: at its beat, and as soon as somebody here says that rows were added. It runs in every role: a receiver
 * carries its own rows over when Kafka is back.
 */
@Singleton
class OutboxJob {

    private final Outbox outbox;
    private final Publisher publisher;
    private final OutboxConfig config;
    private final SchemaJob schema;
    private final Notice waiting = new Notice();
    private final AtomicInteger asked = new AtomicInteger();
    private volatile boolean stopping;

    OutboxJob(Outbox outbox, Publisher publisher, OutboxConfig config, SchemaJob schema) {
        this.outbox = outbox;
        this.publisher = publisher;
        this.config = config;
        this.schema = schema;
    }

    @Scheduled(
            every = "${treering.outbox.relay-interval}",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void relay() {
        // One at a time here. Whoever is at it looks once more, so that no row waits for the next beat.
        if (asked.getAndIncrement() > 0) {
            return;
        }
        try {
            int heard;
            do {
                heard = asked.get();
                carryOver();
            } while (!asked.compareAndSet(heard, 0));
        } catch (RuntimeException e) {
            asked.set(0);
            throw e;
        }
    }

    // While Kafka does not answer, the beat is often enough to ask it.
    void relaySoon(@ObservesAsync Outbox.Added rows) {
        if (publisher.healthy()) {
            relay();
        }
    }

    private void carryOver() {
        if (!schema.current()) {
            return;
        }
        try {
            int carried;
            do {
                // While Kafka does not answer one row is enough to ask it; its acknowledgement opens the way again.
                carried = outbox.relay(publisher.healthy() ? config.relayBatch() : 1, publisher);
            } while (carried > 0 && !stopping);
        } catch (QuarkusTransactionException | ArcUndeclaredThrowableException e) {
            // The pool may close under a round that was under way: nothing is wrong then, and nothing is lost.
            if (!stopping) {
                waiting.say("The outbox cannot be read, trying again: " + e.getMessage());
            }
        }
    }

    void stop(@Observes ShutdownEvent event) {
        stopping = true;
    }
}
