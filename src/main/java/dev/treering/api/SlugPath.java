package dev.treering.api;

import dev.treering.event.ProjectSlug;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestPath;

/** A project's slug as the three segments of a path. */
record SlugPath(
        @RestPath String vcs,
        @RestPath String organization,
        @RestPath String project) {

    static final String TEMPLATE = "{vcs}/{organization}/{project}";

    /** In the short form: {@code github/acme/web} is {@code gh/acme/web}. */
    String slug() {
        try {
            return ProjectSlug.of(vcs, organization, project).value();
        } catch (IllegalArgumentException e) {
            throw Problem.notFound("Project not found");
        }
    }

    /** As part of an address. */
    String encoded() {
        return "%s/%s/%s"
                .formatted(Forwarding.encode(vcs), Forwarding.encode(organization), Forwarding.encode(project));
    }
}
