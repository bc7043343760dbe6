package dev.treering.audit;

import java.net.URI;
import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

import jakarta.inject.Singleton;

import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.RestResponse.ResponseBuilder;

import static java.util.stream.Collectors.toMap;

/** The kinds of long work, and how one is asked for: first the plan, then the task. */
@Singleton
class Works {

    private final Map<String, Work> byKind;
    private final Tasks tasks;

    Works(Redriving redriving, Rebuilding rebuilding, Republishing republishing, Tasks tasks) {
        this.byKind = Stream.of(redriving, rebuilding, republishing).collect(toMap(Work::kind, Function.identity()));
        this.tasks = tasks;
    }

    Set<String> kinds() {
        return byKind.keySet();
    }

    Work of(String kind) {
        return byKind.get(kind);
    }

    /** Plans the work and, unless that was all, starts it. */
    RestResponse<Task> order(String kind, Map<String, String> wanted, boolean dryRun, String by) throws SQLException {
        Work.Plan plan = of(kind).plan(wanted);
        if (dryRun) {
            return RestResponse.ok(
                    new Task(null, kind, wanted, plan, "planned", 0, plan.count(), null, by, null, null));
        }
        Task task = tasks.start(kind, wanted, plan, by);
        return ResponseBuilder.accepted(task)
                .location(URI.create("/api/tasks/" + task.id()))
                .build();
    }
}
