package dev.treering.status;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.vertx.ext.web.Router;

/**
 * Between the signal to stop and the stop, every answer closes its connection: a client that keeps one open would find it
 * cut in the middle of its next request, and now it opens the next one to another instance.
 */
@Singleton
class DrainingRoute {

    private Router router;

    void register(@Observes Router router) {
        this.router = router;
    }

    void drain(@Observes ShutdownDelayInitiatedEvent event) {
        router.route().order(-1000).handler(context -> {
            context.response().putHeader("Connection", "close");
            context.next();
        });
    }
}
