package dev.treering.enrichment;

import java.sql.SQLException;
import java.util.List;
import java.util.UUID;

import jakarta.inject.Singleton;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.treering.circleci.CircleCi;
import dev.treering.circleci.CircleCi.Answer;
import dev.treering.circleci.CircleCiException;
import dev.treering.enrichment.Task.Kind;
import dev.treering.event.CloudEvent;
import dev.treering.event.Job;
import dev.treering.event.JobDetail;
import dev.treering.event.Pipeline;
import dev.treering.event.Project;
import dev.treering.event.Snapshot;
import dev.treering.event.Source;
import dev.treering.event.Workflow;
import dev.treering.support.Json;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.kafka.api.OutgoingKafkaRecordMetadata;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.Metadata;

/** Asks API v2 for one task and publishes what it said. The task is done when Kafka has the snapshot, not before. */
@Singleton
class Enricher {

    private final CircleCi circleCi;
    private final Tasks tasks;
    private final MutinyEmitter<byte[]> snapshots;

    Enricher(CircleCi circleCi, Tasks tasks, @Channel("snapshots") MutinyEmitter<byte[]> snapshots) {
        this.circleCi = circleCi;
        this.tasks = tasks;
        this.snapshots = snapshots;
    }

    /**
     * @throws CircleCiException when the API did not answer as hoped
     * @throws SQLException when the database is away; the lease runs out and somebody asks again
     */
    void enrich(Task task) throws CircleCiException, SQLException {
        switch (task.kind()) {
            case WORKFLOW -> workflow(task);
            case JOB -> job(task);
            case PIPELINE, PROJECT ->
                throw new IllegalStateException("%s is asked with a workflow, never alone".formatted(task.kind()));
        }
        tasks.done(task);
    }

    private void workflow(Task task) throws CircleCiException, SQLException {
        Answer<Workflow> workflow = circleCi.workflow(task.entityId());
        Answer<List<Job>> jobs = circleCi.jobs(task.entityId());
        UUID pipelineId = workflow.value().pipelineId();
        Pipeline pipeline = null;
        if (pipelineId != null && !tasks.asked(Kind.PIPELINE, pipelineId)) {
            pipeline = unlessNotFound(() -> circleCi.pipeline(pipelineId));
        }
        Project project = null;
        if (!tasks.asked(Kind.PROJECT, task.projectId())) {
            project = unlessNotFound(() -> circleCi.project(task.projectSlug()));
        }
        publish(Snapshot.ofWorkflow(
                UUID.randomUUID(),
                workflow.observedAt(),
                Source.API,
                task.projectId(),
                workflow.value(),
                jobs.value(),
                pipeline,
                project));
        if (pipeline != null) {
            tasks.remember(task, Kind.PIPELINE, pipelineId);
        }
        if (project != null) {
            tasks.remember(task, Kind.PROJECT, task.projectId());
        }
    }

    private interface Question<T> {
        Answer<T> ask() throws CircleCiException;
    }

    /** A parent that cannot be seen is no reason to throw away what was told of the workflow. */
    private static <T> T unlessNotFound(Question<T> question) throws CircleCiException {
        try {
            return question.ask().value();
        } catch (CircleCiException e) {
            if (e.kind() == CircleCiException.Kind.NOT_FOUND) {
                return null;
            }
            throw e;
        }
    }

    private void job(Task task) throws CircleCiException {
        Answer<JobDetail> job = circleCi.job(task.projectSlug(), task.jobNumber());
        publish(Snapshot.ofJob(
                UUID.randomUUID(),
                job.observedAt(),
                Source.API,
                task.projectId(),
                task.entityId(),
                task.workflowId(),
                task.pipelineId(),
                job.value()));
    }

    private void publish(Snapshot snapshot) {
        try {
            CloudEvent event = CloudEvent.of(snapshot, Json.CIRCLECI.writeValueAsBytes(snapshot));
            var headers = new RecordHeaders();
            event.forEachHeader(headers::add);
            snapshots.sendMessageAndAwait(Message.of(
                    event.value(),
                    Metadata.of(OutgoingKafkaRecordMetadata.<byte[]>builder()
                            .withKey(event.keyBytes())
                            .withHeaders(headers)
                            .build())));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a snapshot is ours and always JSON", e);
        }
    }
}
