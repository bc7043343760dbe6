package dev.treering.support;

import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

import jakarta.inject.Singleton;

import io.micrometer.core.instrument.MeterRegistry;

/** Makes stages, each with its meters and spans. */
@Singleton
public class Stages {

    private final MeterRegistry meters;
    private final Traces traces;
    private final Clock clock;
    private final List<Stage> stages = new CopyOnWriteArrayList<>();

    Stages(MeterRegistry meters, Traces traces, Clock clock) {
        this.meters = meters;
        this.traces = traces;
        this.clock = clock;
    }

    public Stage named(String name) {
        Stage stage = new Stage(name, meters, traces, clock);
        stages.add(stage);
        return stage;
    }

    /** The stages that have ended and will read nothing until the instance is started anew, with what ended each. */
    public Map<String, String> ended() {
        Map<String, String> ended = new TreeMap<>();
        stages.stream()
                .filter(stage -> stage.failure() != null)
                .forEach(stage -> ended.put(stage.name(), stage.failure()));
        return ended;
    }
}
