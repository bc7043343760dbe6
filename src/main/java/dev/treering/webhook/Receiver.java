package dev.treering.webhook;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;

import jakarta.inject.Singleton;

import dev.treering.event.CloudEvent;
import dev.treering.outbox.Outbox;
import dev.treering.outbox.Publisher;
import dev.treering.support.Accounting;
import dev.treering.support.Notice;

/**
 * Makes a delivery durable: in Kafka, or, when Kafka does not acknowledge it in time, in the outbox. After a failure of
 * Kafka the outbox comes first, so that no request waits for Kafka's timeout again; the relay, and one request a second
 * that goes to both, find out when Kafka is back. With PostgreSQL down too, Kafka is asked all the same.
 */
@Singleton
class Receiver {

    private final Publisher kafka;
    private final Outbox outbox;
    private final Accounting accounting;
    private final Notice unstored = new Notice();

    Receiver(Publisher kafka, Outbox outbox, Accounting accounting) {
        this.kafka = kafka;
        this.outbox = outbox;
        this.accounting = accounting;
    }

    /** Completes when one of the stores has the event for good; fails when neither has. Never blocks. */
    CompletableFuture<Void> accept(CloudEvent event) {
        if (kafka.healthy()) {
            return publish(event).exceptionallyCompose(failure -> store(event));
        }
        return kafka.worthProbing() ? both(event) : store(event).exceptionallyCompose(failure -> publish(event));
    }

    private CompletableFuture<Void> publish(CloudEvent event) {
        return kafka.publish(event).thenRun(accounting::published);
    }

    private CompletableFuture<Void> store(CloudEvent event) {
        return stored(event).thenRun(accounting::outboxed);
    }

    /** Answers as soon as either store has it, and counts it there. The other's copy is an echo: it has the same receipt. */
    private CompletableFuture<Void> both(CloudEvent event) {
        CompletableFuture<Void> first = new CompletableFuture<>();
        CompletableFuture<Void> published = kafka.publish(event).thenRun(() -> count(first, accounting::published));
        CompletableFuture<Void> stored = stored(event).thenRun(() -> count(first, accounting::outboxed));
        CompletableFuture.allOf(published, stored).exceptionally(failure -> {
            // Where one of them succeeded the answer is given.
            first.completeExceptionally(failure);
            return null;
        });
        return first;
    }

    private static void count(CompletableFuture<Void> first, Runnable counter) {
        if (first.complete(null)) {
            counter.run();
        }
    }

    private CompletableFuture<Void> stored(CloudEvent event) {
        return outbox.store(event).whenComplete((stored, failure) -> {
            if (failure == null) {
                unstored.over();
            } else {
                // Once, and not for each of the hundreds of requests a second that it may be.
                unstored.say("The outbox does not take webhooks: " + reason(failure));
            }
        });
    }

    private static String reason(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof TimeoutException ? "PostgreSQL did not commit in time" : cause.getMessage();
    }
}
