package dev.treering.audit;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;

import dev.treering.event.Source;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestQuery;

/**
 * Which entries are meant; what is null narrows nothing.
 *
 * @param projects the ids of those that are meant
 */
record Filter(Asked asked, Set<UUID> projects, Instant from, Instant to) {

    private static final List<String> OUTCOMES = List.of("applied", "duplicate", "dead");
    private static final List<String> SOURCES = List.of(
            Source.WEBHOOK.toString(),
            Source.API.toString(),
            Source.RECONCILE.toString(),
            Source.BACKFILL.toString(),
            TrailSearch.ACT);

    /**
     * What is asked for, as it was written.
     *
     * @param project a slug or an id
     * @param pipeline an id, or a number of the one project
     * @param workflow an id or a name, and so is {@code job}
     * @param type {@code ce_type}; CircleCI's own word will do
     * @param source as {@link Entry#source}, or what {@code ce_source} is
     * @param actor who started the pipelines, or did the acts
     * @param q words of the commit's subject, or a part of the job's name
     */
    record Asked(
            @RestQuery String project,
            @RestQuery String pipeline,
            @RestQuery String workflow,
            @RestQuery String job,
            @RestQuery String type,
            @RestQuery String source,
            @RestQuery String outcome,
            @RestQuery String actor,
            @RestQuery String branch,
            @RestQuery String revision,
            @RestQuery String from,
            @RestQuery String to,
            @RestQuery String since,
            @RestQuery String q) {}

    Filter {
        if (asked.outcome != null && !OUTCOMES.contains(asked.outcome)) {
            throw Problem.badRequest("'outcome' is one of %s, not '%s'".formatted(OUTCOMES, asked.outcome));
        }
        if (asked.source != null && !asked.source.startsWith("/") && !SOURCES.contains(asked.source)) {
            throw Problem.badRequest("'source' is one of %s, not '%s'".formatted(SOURCES, asked.source));
        }
        if (asked.pipeline != null && uuid(asked.pipeline) == null) {
            if (!asked.pipeline.matches("\\d{1,18}")) {
                throw Problem.badRequest("'pipeline' is an id or a number, not '%s'".formatted(asked.pipeline));
            }
            if (asked.project == null) {
                throw Problem.badRequest("'pipeline' is a number: say of which 'project'");
            }
        }
        if (from != null && to != null && !from.isBefore(to)) {
            throw Problem.badRequest("'from' (%s) must be before 'to' (%s)".formatted(from, to));
        }
    }

    String type() {
        return asked.type == null || asked.type.contains(".") ? asked.type : "com.circleci." + asked.type;
    }

    /** Null where the text is no id: it is a name, then. */
    static UUID uuid(String text) {
        try {
            UUID id = UUID.fromString(text);
            // Java takes 1-1-1-1-1 for one too.
            return id.toString().equals(text.toLowerCase(Locale.ROOT)) ? id : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
