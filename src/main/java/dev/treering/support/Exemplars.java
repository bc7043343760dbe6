package dev.treering.support;

import java.util.Optional;

import jakarta.annotation.Priority;
import jakarta.enterprise.inject.Alternative;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

import io.prometheus.client.exemplars.ExemplarSampler;
import io.quarkus.micrometer.runtime.export.exemplars.OpentelemetryExemplarSamplerProvider;

/**
 * The ids of a trace beside the figures of the metrics, where something is traced. Where nothing is, nobody looks for one each
 * time that something is counted: that took a fortieth of what a webhook costs.
 */
class Exemplars {

    @Produces
    @Singleton
    @Alternative
    @Priority(1)
    Optional<ExemplarSampler> sampler(Traces traces) {
        return traces.on() ? new OpentelemetryExemplarSamplerProvider().exemplarSampler() : Optional.empty();
    }
}
