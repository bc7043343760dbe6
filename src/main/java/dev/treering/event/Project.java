package dev.treering.event;

import java.util.UUID;

/** A project as a webhook ({@code id, slug, name}) or {@code GET /project/:slug} (all of it) names it. */
public record Project(
        UUID id,
        String slug,
        String name,
        UUID organizationId,
        String organizationName,
        String organizationSlug,
        VcsInfo vcsInfo) {

    public record VcsInfo(String vcsUrl, String provider, String defaultBranch) {}
}
