package dev.treering.audit;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;

import dev.treering.event.Source;
import dev.treering.support.Problem;

/**
 * Which entries are meant; what is null narrows nothing.
 *
 * @param projects their ids
 * @param pipeline an id, or a number of the one project
 * @param workflow an id or a name, and so is {@code job}
 * @param type as {@code ce_type} has it
 * @param source as {@link Entry#source}, or what {@code ce_source} is
 * @param actor who started the pipelines, or did the acts
 * @param text words of the commit's subject, or a part of the job's name
 */
record Filter(
        Set<UUID> projects,
        String pipeline,
        String workflow,
        String job,
        String type,
        String source,
        String outcome,
        String actor,
        String branch,
        String revision,
        Instant from,
        Instant to,
        String text) {

    private static final List<String> OUTCOMES = List.of("applied", "duplicate", "dead");
    private static final List<String> SOURCES = List.of(
            Source.WEBHOOK.toString(),
            Source.API.toString(),
            Source.RECONCILE.toString(),
            Source.BACKFILL.toString(),
            TrailSearch.ACT);

    Filter {
        if (outcome != null && !OUTCOMES.contains(outcome)) {
            throw Problem.badRequest("'outcome' is one of %s, not '%s'".formatted(OUTCOMES, outcome));
        }
        if (source != null && !source.startsWith("/") && !SOURCES.contains(source)) {
            throw Problem.badRequest("'source' is one of %s, not '%s'".formatted(SOURCES, source));
        }
        if (pipeline != null && uuid(pipeline) == null) {
            if (!pipeline.matches("\\d{1,18}")) {
                throw Problem.badRequest("'pipeline' is an id or a number, not '%s'".formatted(pipeline));
            }
            if (projects == null || projects.size() != 1) {
                throw Problem.badRequest("'pipeline' is a number: say of which 'project'");
            }
        }
        if (from != null && to != null && !from.isBefore(to)) {
            throw Problem.badRequest("'from' (%s) must be before 'to' (%s)".formatted(from, to));
        }
    }

    /** Null where the text is no id: it is a name, then. */
    static UUID uuid(String text) {
        try {
            UUID id = UUID.fromString(text);
            // Java takes 1-1-1-1-1 for one too.
            return Objects.equals(id.toString(), text.toLowerCase(Locale.ROOT)) ? id : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
