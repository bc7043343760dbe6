package dev.treering.support;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

import jakarta.inject.Singleton;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;

/**
 * What happens to a message, counted so that the counts add up:
 *
 * <pre>
 * treering_webhooks_received_total = treering_webhooks_published_total + treering_webhooks_outboxed_total
 *                                  + treering_webhooks_refused_total (all reasons) + requests still under way
 * treering_trail_entries_total     = outcome="applied" + outcome="duplicate" + outcome="dead"
 * treering_enrichment_tasks        = state="done" + state="pending" + state="given_up" + state="not_found"
 * dead letters                     = those that wait + redriven + duplicate + discarded = outcome="dead", in the tables
 * seen deliveries                  = outcome="applied" + redriven dead letters, in the tables
 * </pre>
 *
 * A request is received when its body is complete or it is refused before that; it counts once. A trail entry is counted
 * after its transaction has committed. Tasks are read from their table, so they hold across instances and restarts.
 * {@code treering_webhooks_skewed_total} counts those recorded that say to have happened minutes after we received them: one
 * of the two clocks is wrong. Freshness ({@code treering_freshness_seconds}) is the time until a fact can be read: {@code since="received"} from our
 * verification of it, {@code since="happened"} from CircleCI's own clock, the network and CircleCI's delays included.
 */
@Singleton
public class Accounting {

    private static final Duration[] STEPS = {
        Duration.ofMillis(50), Duration.ofMillis(100), Duration.ofMillis(250), Duration.ofMillis(500),
        Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(5), Duration.ofSeconds(10),
        Duration.ofSeconds(30), Duration.ofMinutes(1), Duration.ofMinutes(5), Duration.ofMinutes(30)
    };

    private static final Duration LONGEST = Duration.ofDays(365);

    // Two clocks that are kept differ by less.
    private static final Duration SKEW = Duration.ofMinutes(5);

    private final MeterRegistry registry;
    private final Clock clock;
    private final Counter received;
    private final Counter published;
    private final Counter outboxed;
    private final Counter skewed;
    private final Timer durable;
    private final Timer sinceReceived;
    private final Timer sinceHappened;

    Accounting(MeterRegistry registry, Clock clock) {
        this.registry = registry;
        this.clock = clock;
        received = registry.counter("treering.webhooks.received");
        published = registry.counter("treering.webhooks.published");
        outboxed = registry.counter("treering.webhooks.outboxed");
        skewed = registry.counter("treering.webhooks.skewed");
        durable = Timer.builder("treering.webhooks.durable")
                .description("Time from the verification of a webhook until Kafka or PostgreSQL has it for good")
                .serviceLevelObjectives(STEPS)
                .register(registry);
        sinceReceived = freshness("received");
        sinceHappened = freshness("happened");
    }

    private Timer freshness(String since) {
        return Timer.builder("treering.freshness")
                .description("Time until a fact can be read")
                .tag("since", since)
                .serviceLevelObjectives(STEPS)
                .register(registry);
    }

    public void received() {
        received.increment();
    }

    public void published() {
        published.increment();
    }

    public void outboxed() {
        outboxed.increment();
    }

    /** A store has for good what was verified at that time. */
    public void durable(Instant receivedAt) {
        record(durable, receivedAt, clock.instant());
    }

    public void refused(String reason) {
        registry.counter("treering.webhooks.refused", "reason", reason).increment();
    }

    public void recorded(String topic, String outcome, int entries) {
        registry.counter("treering.trail.entries", "topic", topic, "outcome", outcome)
                .increment(entries);
    }

    /**
     * The log was not what it was.
     *
     * @param missed offsets that Kafka no longer had when we came to read them: facts lost before they were recorded
     * @param replaced times it began again below the position: Kafka lost its end, or the topic was made anew
     */
    public void lost(String topic, long missed, long replaced) {
        registry.counter("treering.trail.missed", "topic", topic).increment(missed);
        registry.counter("treering.trail.replaced", "topic", topic).increment(replaced);
    }

    /** Work on the database that was tried again; {@code reason} is {@code conflict} or {@code away}. */
    public void retried(String work, String reason) {
        registry.counter("treering.database.retries", "work", work, "reason", reason)
                .increment();
    }

    /** A fact can be read now; either time may be unknown. */
    public void readable(Instant receivedAt, Instant happenedAt) {
        Instant now = clock.instant();
        record(sinceReceived, receivedAt, now);
        record(sinceHappened, happenedAt, now);
        // Taken all the same: CircleCI's times decide among themselves, and ours never does.
        if (receivedAt != null && happenedAt != null && happenedAt.isAfter(receivedAt.plus(SKEW))) {
            skewed.increment();
        }
    }

    private static void record(Timer timer, Instant from, Instant now) {
        if (from != null && from.isBefore(now)) {
            Duration age = Duration.between(from, now);
            // A clock may say anything; Go's zero time lies further back than a timer can count.
            timer.record(age.compareTo(LONGEST) > 0 ? LONGEST : age);
        }
    }
}
