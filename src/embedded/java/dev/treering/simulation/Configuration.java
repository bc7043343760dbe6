package dev.treering.simulation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;

/** The {@code .circleci/config.yml} a run would have come from: as it is written, and as CircleCI compiles it. */
final class Configuration {

    private static final String IMAGE = "- image: cimg/base:current";

    private final Map<String, Workflow> workflows = new LinkedHashMap<>();
    private final Map<String, Job> jobs = new LinkedHashMap<>();
    private final List<String> lines = new ArrayList<>();

    private Configuration(Run run) {
        // A workflow that was run again stands there once.
        for (Workflow workflow : run.workflows()) {
            workflows.putIfAbsent(workflow.name(), workflow);
            workflow.jobs().stream().filter(job -> !job.approval()).forEach(job -> jobs.putIfAbsent(job.name(), job));
        }
    }

    static String source(Run run) {
        return new Configuration(run).source();
    }

    static String compiled(Run run) {
        return new Configuration(run).compiled();
    }

    private String source() {
        write("version: 2.1", "executors:", "  base:", "    docker:", "      " + IMAGE, "jobs:");
        for (Job job : jobs.values()) {
            write("  " + job.name() + ":", "    executor: base");
            writeMachine(job);
            write("    steps:", "      - checkout", "      - run: make " + job.name());
        }
        write("workflows:");
        workflows.values().forEach(this::writeWorkflow);
        return text();
    }

    private String compiled() {
        write("version: 2", "jobs:");
        for (Job job : jobs.values()) {
            write("  " + job.name() + ":", "    docker:", "      " + IMAGE);
            writeMachine(job);
            write("    steps:", "      - checkout", "      - run:", "          command: make " + job.name());
        }
        write("workflows:", "  version: 2");
        workflows.values().forEach(this::writeWorkflow);
        return text();
    }

    private void writeMachine(Job job) {
        write("    resource_class: " + job.machine().resourceClass());
        if (job.machine().parallelism() > 1) {
            write("    parallelism: " + job.machine().parallelism());
        }
    }

    private void writeWorkflow(Workflow workflow) {
        Map<UUID, String> names = workflow.jobs().stream().collect(Collectors.toMap(Job::id, Job::name));
        write("  " + workflow.name() + ":", "    jobs:");
        for (Job job : workflow.jobs()) {
            List<String> needed = job.dependencies().stream().map(names::get).toList();
            boolean plain = !job.approval()
                    && needed.isEmpty()
                    && job.machine().contexts().isEmpty();
            write("      - " + job.name() + (plain ? "" : ":"));
            if (job.approval()) {
                write("          type: approval");
            }
            writeList("requires", needed);
            writeList("context", job.machine().contexts());
        }
    }

    private void writeList(String key, List<String> names) {
        if (!names.isEmpty()) {
            write("          " + key + ": [" + String.join(", ", names) + "]");
        }
    }

    private void write(String... more) {
        lines.addAll(List.of(more));
    }

    private String text() {
        return String.join("\n", lines) + "\n";
    }
}
