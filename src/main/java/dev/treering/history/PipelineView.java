package dev.treering.history;

import java.time.Instant;
import java.util.UUID;

/**
 * A pipeline as the history knows it; what nobody has told yet is null.
 *
 * @param projectSlug null while only the project's id is known
 * @param errors JSON text, a list
 * @param triggerParameters JSON text, an object
 */
public record PipelineView(
        UUID id,
        UUID projectId,
        Long number,
        String projectSlug,
        Instant createdAt,
        Instant updatedAt,
        String state,
        String errors,
        String triggerType,
        Instant triggerReceivedAt,
        String triggerActorLogin,
        String triggerActorAvatar,
        String triggerParameters,
        String vcsProvider,
        String originRepositoryUrl,
        String targetRepositoryUrl,
        String revision,
        String branch,
        String tag,
        String reviewId,
        String reviewUrl,
        String commitSubject,
        String commitBody) {}
