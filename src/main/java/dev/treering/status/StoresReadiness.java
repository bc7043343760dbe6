package dev.treering.status;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.support.Role;
import dev.treering.support.TreeringConfig;
import io.smallrye.common.annotation.Blocking;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready for traffic. A receiver is ready while either store takes writes: taking it out of service for a broker's
 * hiccup would close the outbox too. One that only reads needs the PostgreSQL that it reads from; a worker gets no traffic.
 */
@Readiness
@Blocking
@ApplicationScoped
class StoresReadiness implements HealthCheck {

    private final Probes probes;
    private final TreeringConfig config;

    StoresReadiness(Probes probes, TreeringConfig config) {
        this.probes = probes;
        this.config = config;
    }

    @Override
    public HealthCheckResponse call() {
        boolean kafka = probes.kafkaProblem() == null;
        String database = probes.databaseProblem();
        boolean ready = config.roles().contains(Role.RECEIVER)
                ? kafka || database == null
                : !config.roles().contains(Role.API) || probes.answersReads();
        return HealthCheckResponse.named("stores")
                .withData("kafka", kafka ? "takes writes" : "does not answer")
                .withData("postgresql", database == null ? "takes writes" : database)
                .status(ready)
                .build();
    }
}
