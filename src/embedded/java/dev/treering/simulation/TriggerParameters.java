package dev.treering.simulation;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** What the GitHub App tells instead of {@code vcs}: everything a string, the absent ones empty. */
final class TriggerParameters {

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private TriggerParameters() {}

    static ObjectNode of(Run run) {
        Commit commit = run.commit();
        String owner = run.project().ownerId().toString();
        ObjectNode parameters = JSON.objectNode();
        parameters.set(
                "github_app",
                JSON.objectNode()
                        .put("commit_author_name", "")
                        .put("owner", run.project().organization())
                        .put("full_ref", "refs/heads/" + commit.branch())
                        .put("forced", "false")
                        .put("user_username", "")
                        .put("branch", commit.branch())
                        .put("commit_title", commit.subject())
                        .put("repo_url", run.project().repository())
                        .put("ref", commit.branch())
                        .put("repo_name", run.project().name())
                        .put("commit_author_email", "")
                        .put("commit_sha", commit.revision()));
        parameters.set(
                "git",
                JSON.objectNode()
                        .put("commit_author_name", "")
                        .put("repo_owner", run.project().organization())
                        .put("branch", commit.branch())
                        .put("commit_message", commit.subject())
                        .put("repo_url", run.project().repository())
                        .put("ref", "refs/heads/" + commit.branch())
                        .put("author_avatar_url", "")
                        .put("checkout_url", run.project().repository() + ".git")
                        .put("author_login", "")
                        .put("repo_name", run.project().name())
                        .put("commit_author_email", "")
                        .put("checkout_sha", commit.revision())
                        .put("default_branch", run.project().defaultBranch()));
        parameters.set(
                "circleci",
                JSON.objectNode()
                        .put("event_time", Timestamps.go(run.createdAt()))
                        .put("provider_actor_id", owner)
                        .put("actor_id", owner)
                        .put("event_type", "push")
                        .put("trigger_type", "github_app"));
        parameters.set("webhook", JSON.objectNode().put("body", "{}"));
        return parameters;
    }
}
