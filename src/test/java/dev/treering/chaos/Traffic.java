package dev.treering.chaos;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

import dev.treering.simulation.Delivery;
import dev.treering.simulation.Run;
import dev.treering.simulation.Scenarios;
import dev.treering.simulation.Webhooks;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;

import static org.awaitility.Awaitility.await;

/**
 * CircleCI and a person who presses "redeliver": new events at a rate that waits for nobody's answer, a fifth of them twice, and
 * whatever a receiver does not take goes, with the same bytes, to the next one until somebody does.
 */
final class Traffic implements AutoCloseable {

    private static final int COPIES_IN_TEN = 2;
    private static final int NEIGHBOURS = 100;
    private static final int FAMILIES = 8;
    private static final long PATIENCE_MILLIS = 10_000;
    private static final long LONGEST_PAUSE_MILLIS = 5_000;
    // So many wait to be accepted at most: after a minute without receivers the repetitions would be what breaks the
    // machine.
    private static final int MOST_WAITING = 5_000;

    private final Ledger ledger;
    private final List<Door> doors;
    private final Random random;
    private final List<Scenarios> scenarios = new ArrayList<>();
    private final List<Delivery> next = new ArrayList<>();
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client = vertx.createHttpClient(new HttpClientOptions()
            .setMaxPoolSize(2_000)
            .setConnectTimeout(2_000)
            // Shorter than the server's, and than the time it serves while it stops: a request could meet a connection
            // that
            // is just being closed.
            .setKeepAliveTimeout(1));
    private final AtomicInteger open = new AtomicInteger();
    private int waiting;
    private long run;
    // Of the event loop alone, as is what waits.
    private double owed;
    private long last;
    private volatile int perSecond;

    /** Where to send. */
    record Door(String name, int port) {}

    Traffic(Ledger ledger, List<Door> doors, long seed) {
        this.ledger = ledger;
        this.doors = doors;
        this.random = new Random(seed);
        for (int family = 0; family < FAMILIES; family++) {
            scenarios.add(new Scenarios(random.nextLong()));
        }
        vertx.runOnContext(start -> {
            last = System.nanoTime();
            vertx.setPeriodic(5, tick -> tick());
        });
    }

    /** New events a second from now on; copies and repetitions come on top. */
    Traffic rate(int events) {
        perSecond = events;
        return this;
    }

    /** Sends one event now; for a look at how long it takes to be readable. */
    Ledger.Entry sendOne() {
        Delivery delivery;
        synchronized (next) {
            delivery = take();
        }
        Ledger.Entry entry = ledger.entry(delivery);
        vertx.runOnContext(now -> send(delivery, entry, random.nextInt(doors.size()), 0));
        return entry;
    }

    /** No new events; waits until all that were sent have been accepted. */
    void settle(Duration patience) {
        perSecond = 0;
        await("every event is accepted").atMost(patience).until(() -> open.get() == 0);
    }

    @Override
    public void close() {
        perSecond = 0;
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private void tick() {
        long now = System.nanoTime();
        // A pause of the generator's own is not made up for by a flood of more than a second's events.
        owed = Math.min(owed + perSecond * (now - last) / 1e9, Math.max(perSecond, 1));
        last = now;
        for (; owed >= 1 && waiting < MOST_WAITING; owed--) {
            Delivery delivery;
            synchronized (next) {
                delivery = take();
            }
            Ledger.Entry entry = ledger.entry(delivery);
            send(delivery, entry, random.nextInt(doors.size()), 0);
            if (random.nextInt(10) < COPIES_IN_TEN) {
                // Some at the very same time, through another door; most later.
                later(random.nextInt(4) == 0 ? 0 : random.nextInt(3_000), () -> copy(delivery, entry));
            }
        }
    }

    private void copy(Delivery delivery, Ledger.Entry entry) {
        entry.copies++;
        send(delivery, entry, random.nextInt(doors.size()), 0);
    }

    private void send(Delivery delivery, Ledger.Entry entry, int door, int failures) {
        open.incrementAndGet();
        Door at = doors.get(door % doors.size());
        entry.attempts++;
        long begin = System.nanoTime();
        post(at, delivery).onComplete(done -> {
            Reply reply = done.succeeded() ? done.result() : new Reply(begin, 0, false);
            int millis = (int) ((System.nanoTime() - reply.sentNanos) / 1_000_000);
            ledger.answered(new Ledger.Answer(reply.sentNanos, at.name, reply.status, millis, reply.retryAfter));
            if (reply.status / 100 == 2) {
                entry.accepted++;
                waiting -= failures > 0 ? 1 : 0;
            } else {
                waiting += failures > 0 ? 0 : 1;
                again(delivery, entry, door + 1, failures + 1);
            }
            open.decrementAndGet();
        });
    }

    private void again(Delivery delivery, Ledger.Entry entry, int door, int failures) {
        // The next door at once, then with growing patience.
        long pause = failures == 1 ? 0 : Math.min(LONGEST_PAUSE_MILLIS, 100L << Math.min(failures, 10));
        later(pause, () -> send(delivery, entry, door, failures));
    }

    private void later(long millis, Runnable task) {
        open.incrementAndGet();
        Runnable counted = () -> {
            task.run();
            open.decrementAndGet();
        };
        if (millis == 0) {
            vertx.runOnContext(now -> counted.run());
        } else {
            vertx.setTimer(millis, now -> counted.run());
        }
    }

    /** @param sentNanos when it had a connection: waiting for one of ours is nothing that a door does */
    private record Reply(long sentNanos, int status, boolean retryAfter) {}

    private Future<Reply> post(Door door, Delivery delivery) {
        RequestOptions options = new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setHost(Ports.LOOPBACK)
                .setPort(door.port)
                .setURI("/webhooks/circleci")
                .setTimeout(PATIENCE_MILLIS);
        return client.request(options).compose(request -> {
            long sent = System.nanoTime();
            return request.putHeader("content-type", "application/json")
                    .putHeader("user-agent", "CircleCI-Webhook/1.0")
                    .putHeader("circleci-event-type", delivery.eventType())
                    .putHeader("circleci-signature", delivery.signature(Instance.SECRET))
                    .send(Buffer.buffer(delivery.body()))
                    .compose(response -> response.body()
                            .map(body ->
                                    new Reply(sent, response.statusCode(), response.getHeader("retry-after") != null)));
        });
    }

    /** Neighbouring runs shuffled into each other: order is not promised either. */
    private Delivery take() {
        while (next.size() < NEIGHBOURS) {
            next.addAll(Webhooks.of(nextRun()));
        }
        int chosen = random.nextInt(next.size());
        Delivery delivery = next.get(chosen);
        next.set(chosen, next.get(next.size() - 1));
        next.remove(next.size() - 1);
        return delivery;
    }

    private Run nextRun() {
        Scenarios family = scenarios.get((int) (run % FAMILIES));
        long number = run / FAMILIES / 5 + 1;
        Instant start = Instant.now().minusSeconds(120);
        return switch ((int) (run++ / FAMILIES % 5)) {
            case 0 -> family.green(number, start);
            case 1 -> family.breaking(number, start);
            case 2 -> family.cancelled(3 * number, start);
            case 3 -> family.approved(3 * number + 1, start);
            default -> family.rerun(3 * number + 2, start);
        };
    }
}
