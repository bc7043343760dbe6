package dev.treering.simulation;

import java.util.UUID;

/**
 * A fictional project. A slug that starts with {@code circleci/} is a project of the GitHub App, whose webhooks tell about the
 * commit in {@code trigger_parameters} instead of {@code vcs}.
 */
public record Project(UUID id, String slug, String name, UUID organizationId, UUID webhookId, UUID ownerId) {

    private static final String ORGANIZATION = "acme";

    boolean viaGitHubApp() {
        return slug.startsWith("circleci/");
    }

    /** Webhooks spell the version control system out, the API abbreviates it. */
    String longSlug() {
        return slug.replaceFirst("^gh/", "github/").replaceFirst("^bb/", "bitbucket/");
    }

    String organization() {
        return ORGANIZATION;
    }

    String organizationSlug() {
        return slug.substring(0, slug.lastIndexOf('/'));
    }

    String repository() {
        return "https://github.com/" + ORGANIZATION + "/" + name;
    }

    String defaultBranch() {
        return "main";
    }
}
