package dev.treering.simulation;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The runs somebody was told of, found by what a path names; the oldest is forgotten when there are too many. A number that
 * two runs of a project claim is the later one's.
 */
final class KnownRuns {

    private final int most;
    // In the order of their telling.
    private final Map<String, Run> runs = new LinkedHashMap<>();
    private final Map<String, Project> projects = new HashMap<>();
    private final Map<String, NavigableMap<Long, Run>> numbers = new HashMap<>();
    private final Map<String, WorkflowOfRun> workflows = new HashMap<>();
    private final Map<String, JobOfRun> jobs = new HashMap<>();

    record WorkflowOfRun(Run run, Workflow workflow) {}

    record JobOfRun(Run run, Workflow workflow, Job job) {}

    KnownRuns(int most) {
        this.most = most;
    }

    void add(Run run) {
        run(run.id().toString()).ifPresent(this::forget);
        String slug = run.project().slug();
        runs.put(run.id().toString(), run);
        projects.put(slug, run.project());
        numbers.computeIfAbsent(slug, any -> new TreeMap<>(Comparator.reverseOrder()))
                .put(run.number(), run);
        for (Workflow workflow : run.workflows()) {
            workflows.put(workflow.id().toString(), new WorkflowOfRun(run, workflow));
            for (Job job : workflow.jobs()) {
                job.number().ifPresent(number -> jobs.put(key(slug, number), new JobOfRun(run, workflow, job)));
            }
        }
        if (runs.size() > most) {
            forget(runs.values().iterator().next());
        }
    }

    private void forget(Run run) {
        String slug = run.project().slug();
        runs.remove(run.id().toString());
        numbers.get(slug).remove(run.number(), run);
        for (Workflow workflow : run.workflows()) {
            workflows.remove(workflow.id().toString());
            for (Job job : workflow.jobs()) {
                job.number().ifPresent(number -> jobs.remove(key(slug, number), new JobOfRun(run, workflow, job)));
            }
        }
    }

    Optional<Run> run(String id) {
        return Optional.ofNullable(runs.get(id));
    }

    /** A project outlives its runs. */
    Optional<Project> project(String slug) {
        return Optional.ofNullable(projects.get(slug));
    }

    /** By number, the newest first; absent for an unknown project. */
    Optional<NavigableMap<Long, Run>> runsOf(String slug) {
        return Optional.ofNullable(numbers.get(slug));
    }

    Optional<WorkflowOfRun> workflow(String id) {
        return Optional.ofNullable(workflows.get(id));
    }

    Optional<JobOfRun> job(String slug, long number) {
        return Optional.ofNullable(jobs.get(key(slug, number)));
    }

    private static String key(String slug, long number) {
        return slug + "/" + number;
    }
}
