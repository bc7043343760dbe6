package dev.treering.support;

import java.util.Objects;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.reactive.messaging.ChannelRegistry;
import io.smallrye.reactive.messaging.PausableChannel;
import io.vertx.ext.web.Router;

/** What comes before a stop, so that nobody notices it. */
@Singleton
class DrainingRoute {

    private Router router;

    void register(@Observes Router router) {
        this.router = router;
    }

    /**
     * While readiness is down and requests are still served, every answer closes its connection: a client that keeps one
     * open would find it cut in the middle of its next request, and now opens the next one to another instance.
     */
    void sendElsewhere(@Observes ShutdownDelayInitiatedEvent event) {
        router.route().order(-1000).handler(context -> {
            context.response().putHeader("Connection", "close");
            context.next();
        });
    }

    /** Before anything closes: a batch that is handed to a consumer whose thread is gone ends in a stack trace. */
    void handNoMore(@Observes ShutdownEvent event, ChannelRegistry channels) {
        channels.getIncomingNames().stream()
                .map(channels::getPausable)
                .filter(Objects::nonNull)
                .forEach(PausableChannel::pause);
    }
}
