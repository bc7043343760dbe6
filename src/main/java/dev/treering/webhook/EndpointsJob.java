package dev.treering.webhook;

import jakarta.inject.Singleton;

import dev.treering.support.Role;
import dev.treering.support.TreeringConfig;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;

/** The beat at which secrets are read anew. */
@Singleton
class EndpointsJob {

    private final Endpoints endpoints;
    private final TreeringConfig treering;

    EndpointsJob(Endpoints endpoints, TreeringConfig treering) {
        this.endpoints = endpoints;
        this.treering = treering;
    }

    @Scheduled(
            every = "${treering.webhook.reload-interval}",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void read() {
        if (treering.roles().contains(Role.RECEIVER)) {
            endpoints.read();
        }
    }
}
