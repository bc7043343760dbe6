package dev.treering.history;

import java.util.UUID;

/** A project as the history knows it; what nobody has told yet is null. */
public record ProjectView(
        UUID id,
        String slug,
        String name,
        UUID organizationId,
        String organizationName,
        String vcsUrl,
        String vcsProvider,
        String defaultBranch) {}
