package dev.treering.simulation;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.function.LongConsumer;

/**
 * Plays runs: the API knows them first, then their webhooks go through the door. One thread does all of it, so a door that
 * does not answer holds back new runs, too, and nothing piles up.
 */
public final class Simulator implements AutoCloseable {

    private static final int ONE_IN_SO_MANY_COMES_TWICE = 16;

    private final CircleCiStub api;
    private final WebhookSender sender;
    private final Clock clock;

    public Simulator(CircleCiStub api, WebhookSender sender, Clock clock) {
        this.api = api;
        this.sender = sender;
        this.clock = clock;
    }

    /** Plays a run at once, whatever its times are, and returns when all its webhooks were accepted. */
    public void play(Run run) throws InterruptedException {
        api.register(run);
        for (Delivery delivery : Webhooks.of(run)) {
            sender.deliver(delivery);
        }
    }

    /**
     * From an index of 0, first the history; then a new run after every pause, each webhook when its time has come.
     * The index of a run is told before it is played: whoever keeps it can go on there after a restart.
     */
    public void start(Scenarios scenarios, long firstIndex, Duration pause, LongConsumer beforeRun) {
        Thread thread = new Thread(() -> perform(scenarios, firstIndex, pause, beforeRun), "circleci-simulator");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        sender.close();
    }

    private void perform(Scenarios scenarios, long firstIndex, Duration pause, LongConsumer beforeRun) {
        try {
            long index = firstIndex;
            if (index == 0) {
                for (Run run : scenarios.history(clock.instant())) {
                    beforeRun.accept(index++);
                    play(run);
                }
            }
            live(scenarios, index, pause, beforeRun);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void live(Scenarios scenarios, long firstIndex, Duration pause, LongConsumer beforeRun)
            throws InterruptedException {
        Queue<Delivery> pending = new PriorityQueue<>(Comparator.comparing(Delivery::due));
        long index = firstIndex;
        Instant nextStart = clock.instant();
        while (!sender.isClosed()) {
            Instant now = clock.instant();
            if (!now.isBefore(nextStart)) {
                beforeRun.accept(index);
                Run run = scenarios.live(index++, now);
                api.register(run);
                pending.addAll(Webhooks.of(run));
                nextStart = now.plus(pause);
            }
            Delivery next = pending.peek();
            if (next != null && !now.isBefore(next.due())) {
                deliver(pending.remove());
            } else {
                Instant wake = next != null && next.due().isBefore(nextStart) ? next.due() : nextStart;
                // At least a millisecond: the clock may be finer than the timer.
                sender.pauseOrClose(Duration.between(now, wake).plusMillis(1));
            }
        }
    }

    private void deliver(Delivery delivery) throws InterruptedException {
        sender.deliver(delivery);
        // "Webhook requests may be duplicated", says CircleCI, and then they carry the same id.
        if (delivery.id().getLeastSignificantBits() % ONE_IN_SO_MANY_COMES_TWICE == 0) {
            sender.deliver(delivery);
        }
    }
}
