package dev.treering.api;

import dev.treering.event.ProjectSlug;
import org.jboss.resteasy.reactive.RestPath;

/** A project's slug as the three segments of a path. */
record SlugPath(
        @RestPath String vcs,
        @RestPath String organization,
        @RestPath String project) {

    static final String TEMPLATE = "{vcs}/{organization}/{project}";

    /** In the short form: {@code github/acme/web} is {@code gh/acme/web}. */
    String slug() {
        return ProjectSlug.of(vcs, organization, project).value();
    }
}
