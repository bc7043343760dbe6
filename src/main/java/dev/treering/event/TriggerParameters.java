package dev.treering.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;

/**
 * Reads {@code trigger_parameters}, whose every key is optional (CircleCI declared them so in 2026), as a
 * {@link Pipeline.Vcs}. The maps differ by flavour: {@code git} is common, {@code gitlab} and {@code github_app} add the
 * commit. Absent values come as empty strings there.
 */
record TriggerParameters(JsonNode json) {

    TriggerParameters {
        json = json == null ? MissingNode.getInstance() : json;
    }

    Pipeline.Vcs vcs() {
        return new Pipeline.Vcs(
                provider(),
                url(),
                url(),
                first("/git/checkout_sha", "/gitlab/commit_sha", "/github_app/commit_sha", "/gitlab/checkout_sha"),
                branch(),
                tag(),
                null,
                null,
                commit());
    }

    private String provider() {
        if (json.has("github_app")) {
            return "github";
        }
        return json.has("gitlab") ? "gitlab" : first("/circleci/provider_name");
    }

    private String url() {
        return first("/gitlab/web_url", "/git/repo_url", "/github_app/repo_url", "/git/checkout_url");
    }

    private String branch() {
        String named = first("/git/branch", "/gitlab/branch", "/github_app/branch");
        return named != null ? named : afterPrefix("refs/heads/");
    }

    private String tag() {
        String named = first("/git/tag", "/gitlab/tag");
        return named != null ? named : afterPrefix("refs/tags/");
    }

    private String afterPrefix(String prefix) {
        String ref = first("/git/ref", "/gitlab/ref", "/github_app/full_ref", "/github_app/ref");
        return ref != null && ref.startsWith(prefix) ? ref.substring(prefix.length()) : null;
    }

    private Pipeline.Commit commit() {
        return new Pipeline.Commit(
                first("/gitlab/commit_title", "/github_app/commit_title", "/git/commit_title", "/git/commit_message"),
                first("/gitlab/commit_message", "/git/commit_message"),
                new Pipeline.Person(
                        first(
                                "/gitlab/commit_author_name",
                                "/git/commit_author_name",
                                "/github_app/commit_author_name"),
                        first(
                                "/gitlab/commit_author_email",
                                "/git/commit_author_email",
                                "/github_app/commit_author_email")),
                first("/gitlab/commit_timestamp", "/github_app/commit_timestamp"),
                null,
                null);
    }

    private String first(String... pointers) {
        for (String pointer : pointers) {
            String text = json.at(pointer).asText("");
            if (!text.isBlank()) {
                return text;
            }
        }
        return null;
    }
}
