package dev.treering.notification;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What people are told; a channel puts it into words.
 *
 * @param id of rule, run and transition: the same for each attempt and after every restart
 * @param others of one {@code SUMMARY}, as many as fit; {@code more} were left out
 */
public record Message(
        UUID id,
        Kind kind,
        Instant at,
        UUID projectId,
        String projectSlug,
        String branch,
        String workflowName,
        UUID workflowId,
        UUID pipelineId,
        Long pipelineNumber,
        String workflowUrl,
        String status,
        String revision,
        String commitSubject,
        String author,
        Instant stoppedAt,
        Long durationSeconds,
        Long usualSeconds,
        @JsonProperty("failures_in_a_row") int failuresInARow,
        Instant brokenSince,
        Long brokenSeconds,
        List<FailedJob> failedJobs,
        List<String> failedTests,
        List<Message> others,
        int more) {

    public enum Kind {
        STARTED_FAILING,
        STILL_FAILING,
        RECOVERED,
        NEEDS_APPROVAL,
        SUMMARY,
        CHANNEL_OFF
    }

    public record FailedJob(String name, String url) {}
}
