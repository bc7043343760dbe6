package dev.treering.enrichment;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;

import jakarta.inject.Singleton;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.treering.circleci.CircleCi;
import dev.treering.circleci.CircleCi.Answer;
import dev.treering.circleci.CircleCiException;
import dev.treering.enrichment.Task.Kind;
import dev.treering.enrichment.Task.Named;
import dev.treering.event.Artifact;
import dev.treering.event.Job;
import dev.treering.event.JobDetail;
import dev.treering.event.Outcome;
import dev.treering.event.Pipeline;
import dev.treering.event.PipelineConfig;
import dev.treering.event.Project;
import dev.treering.event.Snapshot;
import dev.treering.event.TestResults;
import dev.treering.event.Workflow;
import dev.treering.support.Json;

/** Asks API v2 for one task; publishes nothing itself. */
@Singleton
class Enricher {

    private static final Set<String> PASSED = Set.of("success", "skipped");

    private final CircleCi circleCi;
    private final Tasks tasks;
    private final EnrichmentConfig config;

    Enricher(CircleCi circleCi, Tasks tasks, EnrichmentConfig config) {
        this.circleCi = circleCi;
        this.tasks = tasks;
        this.config = config;
    }

    /**
     * What an answer leads to.
     *
     * @param alongWith what was asked for beside the task
     * @param named what is to be asked for next
     */
    record Told(Snapshot snapshot, List<Task> alongWith, List<Named> named) {}

    /**
     * @throws CircleCiException when the API did not answer as hoped
     * @throws SQLException when the database is away; the lease runs out and somebody asks again
     */
    Told ask(Task task) throws CircleCiException, SQLException {
        return switch (task.kind()) {
            case WORKFLOW -> workflow(task);
            case JOB -> job(task);
            case PIPELINE -> pipeline(task, circleCi.pipeline(task.entityId()));
            case NUMBER -> pipeline(task, circleCi.pipeline(task.projectSlug(), task.number()));
            case PROJECT -> throw new IllegalStateException("a project is asked for with a pipeline, never alone");
        };
    }

    private Told workflow(Task task) throws CircleCiException {
        Answer<Workflow> workflow = circleCi.workflow(task.entityId());
        Answer<List<Job>> jobs = circleCi.jobs(task.entityId());
        UUID pipelineId = workflow.value().pipelineId();
        List<Named> named = new ArrayList<>();
        for (Job job : jobs.value()) {
            // Those that never ran have no page of their own; those that run have not told everything yet.
            if (job.id() != null && job.number() != null && ended(job.status())) {
                named.add(new Named(task.job(pipelineId, task.entityId(), job, job.startedAt()), true, Duration.ZERO));
            }
        }
        if (pipelineId != null && ended(workflow.value().status())) {
            // The webhook that would have named it may be lost; otherwise it is known, and this asks for nothing.
            named.add(new Named(task.pipeline(pipelineId, task.namedAt()), true, Duration.ZERO));
        }
        Snapshot snapshot = Snapshot.ofWorkflow(
                workflow.observedAt(), task.source(), task.projectId(), workflow.value(), jobs.value());
        return new Told(snapshot, List.of(), named);
    }

    private static boolean ended(String status) {
        return status != null && Outcome.of(status).terminal();
    }

    private Told pipeline(Task task, Answer<Pipeline> answer) throws CircleCiException, SQLException {
        Pipeline pipeline = answer.value();
        List<Named> named = workflows(task, pipeline.id());
        PipelineConfig yaml =
                config.pipelineConfig() ? capped(unlessUnknown(() -> circleCi.pipelineConfig(pipeline.id()))) : null;
        List<Task> alongWith = new ArrayList<>();
        if (task.kind() == Kind.NUMBER) {
            alongWith.add(task.pipeline(pipeline.id(), pipeline.createdAt()));
        }
        Project project = null;
        if (!tasks.asked(Kind.PROJECT, task.projectId())) {
            project = unlessUnknown(() -> circleCi.project(task.projectSlug()).value());
            if (project != null) {
                alongWith.add(Task.ofProject(task.projectId(), task.projectSlug(), task.source(), null));
            }
        }
        Snapshot snapshot =
                Snapshot.ofPipeline(answer.observedAt(), task.source(), task.projectId(), pipeline, project, yaml);
        return new Told(snapshot, alongWith, named);
    }

    /** The workflows that a pipeline has by now. */
    List<Named> workflows(Task task, UUID pipelineId) throws CircleCiException {
        List<Named> named = new ArrayList<>();
        for (Workflow workflow : circleCi.workflows(pipelineId).value()) {
            if (workflow.id() == null) {
                continue;
            }
            named.add(new Named(
                    task.workflow(pipelineId, workflow.id(), workflow.createdAt()),
                    ended(workflow.status()),
                    // What runs is asked for at once where no webhook told of it, for others wait for its end.
                    Task.priority(task.source()) > 0 ? Duration.ZERO : config.debounce()));
        }
        return named;
    }

    private PipelineConfig capped(PipelineConfig yaml) {
        int most = (int) config.maxPartSize().asLongValue() / 2;
        return yaml == null ? null : new PipelineConfig(capped(yaml.source(), most), capped(yaml.compiled(), most));
    }

    /** Half a configuration would be worse than none. */
    private static String capped(String text, int most) {
        return text == null || text.length() <= most ? text : null;
    }

    interface Question<T> {
        T ask() throws CircleCiException;
    }

    /** A part that cannot be seen or read is no reason to throw away what was told of the rest. */
    static <T> T unlessUnknown(Question<T> question) throws CircleCiException {
        try {
            return question.ask();
        } catch (CircleCiException e) {
            return switch (e.kind()) {
                case NOT_FOUND, UNREADABLE, REFUSED -> null;
                case LIMITED, REJECTED, UNAVAILABLE -> throw e;
            };
        }
    }

    private Told job(Task task) throws CircleCiException {
        Answer<JobDetail> job = circleCi.job(task.projectSlug(), task.number());
        boolean failed = Outcome.of(job.value().status()) == Outcome.FAILURE;
        Snapshot snapshot = Snapshot.ofJob(
                job.observedAt(),
                task.source(),
                task.projectId(),
                task.entityId(),
                task.workflowId(),
                task.pipelineId(),
                job.value(),
                config.tests().of(failed) ? unlessUnknown(() -> tests(task)) : null,
                config.artifacts().of(failed) ? unlessUnknown(() -> artifacts(task)) : null);
        return new Told(snapshot, List.of(), List.of());
    }

    /** Counts all and keeps the failures, as many as a record holds. */
    private TestResults tests(Task task) throws CircleCiException {
        List<TestResults.Test> failures = new ArrayList<>();
        int[] counts = new int[3];
        long[] room = {config.maxPartSize().asLongValue()};
        circleCi.tests(task.projectSlug(), task.number(), test -> {
            counts[0]++;
            if ("skipped".equals(test.result())) {
                counts[2]++;
            } else if (!PASSED.contains(test.result())) {
                counts[1]++;
                if (room[0] > 0) {
                    var failure = test.printable();
                    room[0] -= size(failure);
                    if (room[0] > 0) {
                        failures.add(failure);
                    }
                }
            }
        });
        return new TestResults(counts[0], counts[1], counts[2], failures);
    }

    private List<Artifact> artifacts(Task task) throws CircleCiException {
        List<Artifact> artifacts = circleCi.artifacts(task.projectSlug(), task.number());
        long room = config.maxPartSize().asLongValue();
        int kept = 0;
        for (Artifact artifact : artifacts) {
            room -= size(artifact);
            if (room < 0) {
                break;
            }
            kept++;
        }
        return artifacts.subList(0, kept);
    }

    /** In bytes, as it stands in a record. */
    private static int size(Object part) {
        try {
            return Json.CIRCLECI.writeValueAsBytes(part).length + 1;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a part of a snapshot is ours and always JSON", e);
        }
    }
}
