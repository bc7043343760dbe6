package dev.treering.support;

import java.time.Clock;

import jakarta.inject.Singleton;

import io.micrometer.core.instrument.MeterRegistry;

/** Makes stages, each with its meters and spans. */
@Singleton
public class Stages {

    private final MeterRegistry meters;
    private final Traces traces;
    private final Clock clock;

    Stages(MeterRegistry meters, Traces traces, Clock clock) {
        this.meters = meters;
        this.traces = traces;
        this.clock = clock;
    }

    public Stage named(String name) {
        return new Stage(name, meters, traces, clock);
    }
}
