package dev.treering.support;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;

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
 * of the two clocks is wrong. Freshness ({@code treering_freshness_seconds}) is the time {@code until} a fact can be read, what the API says of it is there
 * or a person was told: {@code since="received"} from our verification of it, {@code since="happened"} from CircleCI's own clock, the network and CircleCI's
 * delays included.
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
    private final Timer receivedToReadable;
    private final Timer happenedToReadable;
    private final Timer happenedToEnriched;
    private final Timer receivedToNotified;

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
        receivedToReadable = freshness("received", "readable");
        happenedToReadable = freshness("happened", "readable");
        happenedToEnriched = freshness("happened", "enriched");
        receivedToNotified = freshness("received", "notified");
    }

    private Timer freshness(String since, String until) {
        return Timer.builder("treering.freshness")
                .description("How long a fact takes")
                .tags("since", since, "until", until)
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

    /** Counts them from zero: an alert cannot see the first of what was never counted. */
    public void mayRefuse(Object[] reasons) {
        List.of(reasons).forEach(this::refusals);
    }

    public void refused(Object reason) {
        refusals(reason).increment();
    }

    private Counter refusals(Object reason) {
        return registry.counter("treering.webhooks.refused", "reason", reason.toString());
    }

    public void mayNotVerify(Object[] reasons) {
        List.of(reasons).forEach(this::failures);
    }

    /** Why the signature of a refused webhook did not verify. */
    public void unverified(Object reason) {
        failures(reason).increment();
    }

    private Counter failures(Object reason) {
        return registry.counter("treering.webhooks.unverified", "reason", reason.toString());
    }

    /** What may be recorded, and what may be lost, is counted from zero. */
    public void mayRecord(Collection<String> topics, Object[] outcomes) {
        for (String topic : topics) {
            List.of(outcomes).forEach(outcome -> recorded(topic, outcome.toString(), 0));
            lost(topic, 0, 0);
        }
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

    void mayRetry(String work) {
        retries(work, "conflict");
        retries(work, "away");
    }

    /** Work on the database that was tried again; {@code reason} is {@code conflict} or {@code away}. */
    public void retried(String work, String reason) {
        retries(work, reason).increment();
    }

    private Counter retries(String work, String reason) {
        return registry.counter("treering.database.retries", "work", work, "reason", reason);
    }

    /** A fact can be read now; either time may be unknown. */
    public void readable(Instant receivedAt, Instant happenedAt) {
        Instant now = clock.instant();
        record(receivedToReadable, receivedAt, now);
        record(happenedToReadable, happenedAt, now);
        // Taken all the same: CircleCI's times decide among themselves, and ours never does.
        if (receivedAt != null && happenedAt != null && happenedAt.isAfter(receivedAt.plus(SKEW))) {
            skewed.increment();
        }
    }

    /** Kafka has what the API says of something that a webhook told of. */
    public void enriched(Instant happenedAt) {
        record(happenedToEnriched, happenedAt, clock.instant());
    }

    /** A message arrived; {@code receivedAt} is that of the webhook it follows from, null where there is none. */
    public void notified(Instant receivedAt) {
        record(receivedToNotified, receivedAt, clock.instant());
    }

    private static void record(Timer timer, Instant from, Instant now) {
        if (from != null && from.isBefore(now)) {
            Duration age = Duration.between(from, now);
            // A clock may say anything; Go's zero time lies further back than a timer can count.
            timer.record(age.compareTo(LONGEST) > 0 ? LONGEST : age);
        }
    }
}
