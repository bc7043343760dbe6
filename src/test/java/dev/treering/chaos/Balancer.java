package dev.treering.chaos;

import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Gives each connection to the next instance that said it is ready when it was last asked; knows nothing of requests. */
final class Balancer implements AutoCloseable {

    private final List<Instance> instances;
    private final ScheduledExecutorService looks = Executors.newSingleThreadScheduledExecutor();
    private final AtomicInteger connections = new AtomicInteger();
    private final Proxy proxy = new Proxy(Ports.free(), this::next);
    private volatile List<Instance> ready;

    Balancer(List<Instance> instances) {
        this.instances = instances;
        look();
        looks.scheduleWithFixedDelay(this::look, 250, 250, TimeUnit.MILLISECONDS);
    }

    int port() {
        return proxy.port();
    }

    private void look() {
        List<Instance> found = instances.stream().filter(Part::answersQuietly).toList();
        // With nobody left it is better to be wrong than to refuse everything.
        if (!found.isEmpty()) {
            ready = found;
        }
    }

    private OptionalInt next() {
        List<Instance> choice = ready;
        return OptionalInt.of(
                choice.get(connections.getAndIncrement() % choice.size()).port());
    }

    @Override
    public void close() {
        looks.shutdownNow();
        proxy.close();
    }
}
