package dev.treering.history;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

import com.fasterxml.jackson.databind.JsonNode;
import dev.treering.event.Artifact;
import dev.treering.event.Job;
import dev.treering.event.JobDetail;
import dev.treering.event.Outcome;
import dev.treering.event.Pipeline;
import dev.treering.event.PipelineConfig;
import dev.treering.event.Project;
import dev.treering.event.ProjectSlug;
import dev.treering.event.Source;
import dev.treering.event.TestResults;
import dev.treering.event.Workflow;
import dev.treering.support.Json;
import dev.treering.support.Times;

/** What one fact says, noun by noun, as rows. Webhooks and answers of the API use the same nouns and so the same code. */
final class Telling {

    private final Source source;
    private final String stamp;
    private final List<Row> rows = new ArrayList<>();

    /** @param observedAt CircleCI's clock, never ours */
    Telling(Instant observedAt, Source source, byte[] digest) {
        this.source = source;
        this.stamp = Stamp.of(observedAt, source, digest);
    }

    List<Row> rows() {
        return rows;
    }

    private Row row(Table table, UUID id) {
        Row row = new Row(table, id);
        rows.add(row);
        return row;
    }

    /** Somebody named this id; whoever it is will be told later. */
    void placeholder(Table table, UUID id) {
        if (id != null) {
            row(table, id);
        }
    }

    void project(Project project, UUID organizationId, String organizationName) {
        Row row = row(Table.PROJECT, project.id())
                .say(
                        Group.PROJECT_IDENTITY,
                        stamp,
                        project.slug() == null ? null : new ProjectSlug(project.slug()).value(),
                        project.name(),
                        organizationId,
                        organizationName);
        if (project.vcsInfo() != null) {
            Project.VcsInfo vcs = project.vcsInfo();
            row.say(Group.PROJECT_DETAILS, stamp, vcs.vcsUrl(), vcs.provider(), vcs.defaultBranch());
        }
    }

    void pipeline(UUID projectId, Pipeline pipeline) {
        Pipeline.Vcs vcs = pipeline.checkout();
        Row row = row(Table.PIPELINE, pipeline.id())
                .say(Group.PIPELINE_IDENTITY, stamp, projectId, pipeline.number(), pipeline.createdAt())
                .say(
                        Group.PIPELINE_TRIGGER,
                        stamp,
                        pipeline.trigger() == null ? null : pipeline.trigger().type())
                .say(Group.PIPELINE_PARAMETERS, stamp, json(pipeline.triggerParameters()))
                .say(Group.PIPELINE_REF, stamp, vcs.branch(), vcs.tag());
        if (vcs.revision() != null) {
            row.say(
                    Group.PIPELINE_CHECKOUT,
                    stamp,
                    vcs.revision(),
                    vcs.providerName(),
                    vcs.originRepositoryUrl(),
                    vcs.targetRepositoryUrl());
        }
        if (vcs.commit() != null) {
            commit(row, vcs.commit());
        }
        if (pipeline.state() != null) {
            pipelineDetails(row, pipeline, vcs);
        }
    }

    private void commit(Row row, Pipeline.Commit commit) {
        Pipeline.Person author = commit.author() == null ? new Pipeline.Person(null, null) : commit.author();
        Pipeline.Person committer = commit.committer() == null ? new Pipeline.Person(null, null) : commit.committer();
        row.say(Group.PIPELINE_COMMIT, stamp, commit.subject(), commit.body())
                .say(
                        Group.PIPELINE_AUTHOR,
                        stamp,
                        author.name(),
                        author.email(),
                        decoration(commit.authoredAt()),
                        committer.name(),
                        committer.email(),
                        decoration(commit.committedAt()));
    }

    private void pipelineDetails(Row row, Pipeline pipeline, Pipeline.Vcs vcs) {
        Pipeline.Trigger trigger =
                pipeline.trigger() == null ? new Pipeline.Trigger(null, null, null) : pipeline.trigger();
        Pipeline.Actor actor = trigger.actor() == null ? new Pipeline.Actor(null, null) : trigger.actor();
        row.say(
                Group.PIPELINE_DETAILS,
                stamp,
                pipeline.state(),
                pipeline.updatedAt(),
                json(pipeline.errors()),
                trigger.receivedAt(),
                actor.login(),
                actor.avatarUrl(),
                vcs.reviewId(),
                vcs.reviewUrl());
    }

    void pipelineConfig(UUID pipelineId, PipelineConfig config) {
        row(Table.PIPELINE, pipelineId).say(Group.PIPELINE_CONFIG, stamp, config.source(), config.compiled());
    }

    void workflow(UUID projectId, UUID pipelineId, Workflow workflow) {
        Row row = row(Table.WORKFLOW, workflow.id())
                .say(Group.WORKFLOW_IDENTITY, stamp, projectId, pipelineId, workflow.name(), workflow.createdAt())
                .say(Group.WORKFLOW_LINK, stamp, workflow.url());
        // A job's webhook names its workflow without a status: it says nothing of the workflow's progress.
        if (workflow.status() != null) {
            row.say(
                    Group.WORKFLOW_PROGRESS,
                    progress(workflow.status(), workflow.stoppedAt()),
                    workflow.status(),
                    workflow.stoppedAt());
        }
        if (source != Source.WEBHOOK) {
            // Said even where every value is absent: that, too, is an answer, and marks the workflow as enriched.
            row.said().put(Group.WORKFLOW_DETAILS, new Row.Said(stamp, new Object[] {
                workflow.startedBy(),
                workflow.canceledBy(),
                workflow.erroredBy(),
                workflow.tag(),
                workflow.autoRerunNumber(),
                workflow.maxAutoReruns()
            }));
        }
    }

    void job(UUID projectId, UUID pipelineId, UUID workflowId, Job job) {
        Row row = row(Table.JOB, job.id())
                .say(Group.JOB_IDENTITY, stamp, projectId, pipelineId, job.name())
                .say(Group.JOB_NUMBER, stamp, job.number())
                .say(Group.JOB_WORKFLOW, stamp, workflowId)
                .say(
                        Group.JOB_DETAILS,
                        stamp,
                        job.type(),
                        json(job.dependencies()),
                        job.approvedBy(),
                        job.canceledBy(),
                        job.approvalRequestId());
        jobProgress(row, job.status(), job.startedAt(), job.stoppedAt());
    }

    void jobDetail(UUID projectId, UUID pipelineId, UUID workflowId, UUID jobId, JobDetail job) {
        JobDetail.Executor executor = job.executor() == null ? new JobDetail.Executor(null, null) : job.executor();
        Row row = row(Table.JOB, jobId)
                .say(Group.JOB_IDENTITY, stamp, projectId, pipelineId, job.name())
                .say(Group.JOB_NUMBER, stamp, job.number())
                .say(Group.JOB_WORKFLOW, stamp, workflowId)
                .say(
                        Group.JOB_EXECUTION,
                        stamp,
                        job.webUrl(),
                        job.createdAt(),
                        job.queuedAt(),
                        job.duration(),
                        job.parallelism(),
                        executor.resourceClass(),
                        executor.type(),
                        json(job.parallelRuns()),
                        json(job.contexts()),
                        json(job.messages()));
        jobProgress(row, job.status(), job.startedAt(), job.stoppedAt());
    }

    void tests(UUID jobId, TestResults tests) {
        row(Table.JOB, jobId)
                .say(
                        Group.JOB_TESTS,
                        stamp,
                        tests.total(),
                        tests.failed(),
                        tests.skipped(),
                        json(Json.CIRCLECI.valueToTree(tests.failures())));
    }

    void artifacts(UUID jobId, List<Artifact> artifacts) {
        row(Table.JOB, jobId).say(Group.JOB_ARTIFACTS, stamp, json(Json.CIRCLECI.valueToTree(artifacts)));
    }

    private void jobProgress(Row row, String status, Instant startedAt, Instant stoppedAt) {
        if (status != null) {
            row.say(Group.JOB_PROGRESS, progress(status, stoppedAt), status, startedAt, stoppedAt);
        }
    }

    private String progress(String status, Instant stoppedAt) {
        // A webhook is sent at an end and only then, also for a status that is new to us.
        boolean terminal = source == Source.WEBHOOK || Outcome.of(status).terminal();
        return Stamp.ofProgress(terminal, stoppedAt, stamp);
    }

    private static String json(JsonNode node) {
        return node == null || node.isNull() ? null : node.toString();
    }

    /** A commit's times are not worth refusing an event for. */
    private static Instant decoration(String time) {
        return time == null ? null : Times.parse(time).orElse(null);
    }
}
