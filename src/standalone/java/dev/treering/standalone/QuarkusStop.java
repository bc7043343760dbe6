package dev.treering.standalone;

import java.time.Duration;

import io.quarkus.runtime.Application;

/**
 * The service's place among the parts: the stores below it are closed only when it has stopped. Shutdown hooks run side by
 * side, and a broker that vanishes first makes every consumer and pool complain.
 */
final class QuarkusStop implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(45);

    @Override
    public void close() {
        Application service = Application.currentApplication();
        if (service == null) {
            return;
        }
        // In a thread of its own because Quarkus waits without a limit.
        Thread waiting = new Thread(service::awaitShutdown, "treering-await-stop");
        waiting.setDaemon(true);
        waiting.start();
        try {
            waiting.join(PATIENCE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
