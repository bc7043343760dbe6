package dev.treering.event;

import java.time.Instant;
import java.util.UUID;

/**
 * The body of one CircleCI webhook. The maps are open: fields may be added at any time, and most of these may be
 * missing ({@code ping} has neither project nor pipeline). The bytes stay the truth; this is how we read them.
 *
 * @param id the same on every redelivery
 * @param happenedAt CircleCI's clock, RFC 3339 with microseconds
 */
public record Webhook(
        UUID id,
        String type,
        Instant happenedAt,
        Hook webhook,
        Project project,
        Organization organization,
        Pipeline pipeline,
        Workflow workflow,
        Job job) {

    public static final String WORKFLOW_COMPLETED = "workflow-completed";
    public static final String JOB_COMPLETED = "job-completed";
    /** Sent by the button "Test Ping Event": proves the connection and says nothing of a run. */
    public static final String PING = "ping";

    public record Hook(UUID id, String name) {}

    public record Organization(UUID id, String name) {}
}
