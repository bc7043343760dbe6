package dev.treering.api;

import java.util.UUID;

import dev.treering.event.ProjectSlug;
import dev.treering.history.ProjectView;

/** A project as {@code GET /project/{slug}} gives it. */
record ProjectBody(
        UUID id,
        String slug,
        String name,
        String organizationName,
        String organizationSlug,
        UUID organizationId,
        VcsInfo vcsInfo) {

    record VcsInfo(String vcsUrl, String provider, String defaultBranch) {}

    static ProjectBody of(ProjectView project) {
        return new ProjectBody(
                project.id(),
                project.slug(),
                project.name(),
                project.organizationName(),
                new ProjectSlug(project.slug()).organization(),
                project.organizationId(),
                new VcsInfo(project.vcsUrl(), Provider.spell(project.vcsProvider()), project.defaultBranch()));
    }
}
