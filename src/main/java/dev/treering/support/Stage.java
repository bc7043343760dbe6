package dev.treering.support;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CancellationException;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.opentelemetry.api.trace.Span;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;

/**
 * A stage that reads topics: how many records it has done, how long a batch takes, and how far it is behind in time. That
 * is the age of the oldest record it has in hand, which grows while it waits; after that the age its last batch had, for a
 * minute; and zero where nothing comes.
 */
public final class Stage {

    private static final Duration MEMORY = Duration.ofMinutes(1);

    private final String name;
    private final Traces traces;
    private final Clock clock;
    private final Counter records;
    private final Counter failures;
    private final Timer batches;
    private volatile Instant inHand;
    private volatile Duration last = Duration.ZERO;
    private volatile Instant doneAt = Instant.EPOCH;
    private volatile String failure;

    public interface Work {

        void run() throws InterruptedException;
    }

    Stage(String name, MeterRegistry meters, Traces traces, Clock clock) {
        this.name = name;
        this.traces = traces;
        this.clock = clock;
        records = Counter.builder("treering.stage.records")
                .description("Records done")
                .tag("stage", name)
                .register(meters);
        failures = Counter.builder("treering.stage.failures")
                .description("Batches that ended the stage: what is tried again does not count")
                .tag("stage", name)
                .register(meters);
        batches = Timer.builder("treering.stage.batch")
                .description("Time for one batch, what it waits for the database included")
                .tag("stage", name)
                .serviceLevelObjectives(Duration.ofMillis(100), Duration.ofSeconds(1), Duration.ofSeconds(10))
                .register(meters);
        Gauge.builder("treering.stage.lag", this, Stage::lag)
                .description("How far the stage is behind in time")
                .baseUnit("seconds")
                .tag("stage", name)
                .register(meters);
    }

    /** Does the work on the batch. What fails, and is not tried again by the work itself, ends the stage: its channel closes. */
    public void work(ConsumerRecords<?, ?> batch, Work work) throws InterruptedException {
        long oldest = Long.MAX_VALUE;
        for (ConsumerRecord<?, ?> record : batch) {
            oldest = Math.min(oldest, record.timestamp());
        }
        Instant begun = clock.instant();
        // A record without a time has -1.
        Instant since = oldest < 0 || oldest == Long.MAX_VALUE ? begun : Instant.ofEpochMilli(oldest);
        inHand = since;
        List<Span> spans = traces.begin(name, batch);
        try {
            work.run();
            records.increment(batch.count());
        } catch (CancellationException stopped) {
            // The service stops, and others of the group go on.
            throw stopped;
        } catch (RuntimeException | Error e) {
            failures.increment();
            failure = e.toString();
            throw e;
        } finally {
            Instant done = clock.instant();
            last = Duration.between(since, done);
            doneAt = done;
            inHand = null;
            spans.forEach(Span::end);
            batches.record(Duration.between(begun, done));
        }
    }

    String name() {
        return name;
    }

    /** What ended it; null while it reads. */
    String failure() {
        return failure;
    }

    double lag() {
        Instant now = clock.instant();
        Instant since = inHand;
        if (since != null) {
            return seconds(Duration.between(since, now));
        }
        return doneAt.plus(MEMORY).isAfter(now) ? seconds(last) : 0;
    }

    private static double seconds(Duration age) {
        return Math.max(0, age.toMillis() / 1000.0);
    }
}
