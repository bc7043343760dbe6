package dev.treering.event;

import java.time.Instant;
import java.util.UUID;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A pipeline as a webhook or {@code GET /pipeline/:id} describes it. Where the code comes from is told in one of two
 * ways, by {@code vcs} (GitHub OAuth, Bitbucket Cloud) or by {@code trigger_parameters} (GitHub App, GitLab, Bitbucket
 * Data Center); {@link #checkout()} reads both.
 */
public record Pipeline(
        UUID id,
        Long number,
        String projectSlug,
        Instant createdAt,
        Instant updatedAt,
        String state,
        JsonNode errors,
        Trigger trigger,
        JsonNode triggerParameters,
        Vcs vcs) {

    public record Trigger(String type, Instant receivedAt, Actor actor) {}

    public record Actor(String login, String avatarUrl) {}

    public record Vcs(
            String providerName,
            String originRepositoryUrl,
            String targetRepositoryUrl,
            String revision,
            String branch,
            String tag,
            String reviewId,
            String reviewUrl,
            Commit commit) {}

    /** Times are text here: what a commit says of its time is decoration, and no reason to refuse an event. */
    public record Commit(
            String subject, String body, Person author, String authoredAt, Person committer, String committedAt) {}

    public record Person(String name, String email) {}

    /** Where the code comes from, whichever way it was told; never null, its parts may be. */
    public Vcs checkout() {
        return vcs != null ? vcs : new TriggerParameters(triggerParameters).vcs();
    }
}
