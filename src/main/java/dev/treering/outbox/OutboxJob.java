package dev.treering.outbox;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import dev.treering.support.Notice;
import dev.treering.support.SchemaJob;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.arc.ArcUndeclaredThrowableException;
import io.quarkus.narayana.jta.QuarkusTransactionException;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;

/** The relay's beat. It runs in every role: a receiver carries its own rows over when Kafka is back. */
@Singleton
class OutboxJob {

    private final Outbox outbox;
    private final Publisher publisher;
    private final OutboxConfig config;
    private final SchemaJob schema;
    private final TopicsJob topics;
    private final Counter relayed;
    private final Notice waiting = new Notice();
    private volatile boolean stopping;

    OutboxJob(
            Outbox outbox,
            Publisher publisher,
            OutboxConfig config,
            SchemaJob schema,
            TopicsJob topics,
            MeterRegistry meters) {
        this.outbox = outbox;
        this.publisher = publisher;
        this.config = config;
        this.schema = schema;
        this.topics = topics;
        this.relayed = Counter.builder("treering.outbox.relayed")
                .description("Records that the relay carried to Kafka")
                .register(meters);
    }

    @Scheduled(
            every = "${treering.outbox.relay-interval}",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void relay() {
        if (!schema.current()) {
            return;
        }
        try {
            outbox.forgetPublished();
            int carried;
            do {
                // While Kafka does not answer one row is enough to ask it; its acknowledgement opens the way again.
                carried = stopping ? 0 : outbox.relay(publisher.healthy() ? config.relayBatch() : 1);
                relayed.increment(carried);
            } while (carried > 0);
            // Where another instance's relay was faster, nothing of ours is left to find out with.
            if (!publisher.healthy() && topics.answer() && outbox.isEmpty()) {
                publisher.reconsider();
            }
        } catch (QuarkusTransactionException | ArcUndeclaredThrowableException e) {
            // The pool may close under a round that was under way: nothing is wrong then, and nothing is lost.
            if (!stopping) {
                waiting.say("The outbox cannot be read, trying again: " + e.getMessage());
            }
        }
    }

    void stop(@Observes ShutdownEvent event) {
        stopping = true;
        // What is deleted now need not go twice.
        relay();
    }
}
