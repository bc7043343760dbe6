package dev.treering.status;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.support.Stages;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/**
 * Alive while every stage reads. One that failed has closed its channel, and only a new start opens that again. Stores that are
 * away are no reason: the stages wait for them, and a new start would not bring them back.
 */
@Liveness
@ApplicationScoped
class StagesLiveness implements HealthCheck {

    private final Stages stages;

    StagesLiveness(Stages stages) {
        this.stages = stages;
    }

    @Override
    public HealthCheckResponse call() {
        var ended = stages.ended();
        var response = HealthCheckResponse.named("stages").status(ended.isEmpty());
        ended.forEach(response::withData);
        return response.build();
    }
}
