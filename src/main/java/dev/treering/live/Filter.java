package dev.treering.live;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

import dev.treering.event.Outcome;
import dev.treering.event.ProjectSlug;
import dev.treering.support.Problem;

import static java.util.stream.Collectors.toUnmodifiableSet;

/**
 * Which events a client wants and may see. Empty is all of them; clients with equal ones share what is sent.
 *
 * @param visible the ids of the projects that its token is limited to
 */
record Filter(
        Set<String> projects,
        Set<String> branches,
        Set<String> types,
        Set<String> outcomes,
        Optional<Set<UUID>> visible) {

    private static final Set<String> ENTITIES = Set.of("workflow", "job", "pipeline");
    private static final int MOST = 100;

    /** Of what stands in the query: each may be there several times, and hold several with commas between. */
    static Filter of(
            List<String> projects,
            List<String> branches,
            List<String> types,
            List<String> outcomes,
            Optional<Set<UUID>> visible) {
        return new Filter(
                each("project", projects, Filter::slug),
                each("branch", branches, Function.identity()),
                each("type", types, Filter::entity),
                each("outcome", outcomes, Filter::outcome),
                visible);
    }

    boolean matches(Event event) {
        // What stands in the headers first: most need not read the value.
        if (!matches(types, event.entity())) {
            return false;
        }
        if (projects.isEmpty() && branches.isEmpty() && outcomes.isEmpty() && visible.isEmpty()) {
            return true;
        }
        Event.Told told = event.told();
        return visible.map(only -> told.projectId() != null && only.contains(told.projectId()))
                        .orElse(true)
                && matches(projects, told.projectSlug())
                && matches(branches, told.branch())
                && matches(outcomes, told.outcome());
    }

    private static boolean matches(Set<String> wanted, String value) {
        return wanted.isEmpty() || value != null && wanted.contains(value);
    }

    private static Set<String> each(String parameter, List<String> given, Function<String, String> read) {
        Set<String> words = given.stream()
                .flatMap(text -> Stream.of(text.split(",")))
                .map(String::strip)
                .filter(Predicate.not(String::isEmpty))
                .map(read)
                .collect(toUnmodifiableSet());
        if (words.size() > MOST) {
            throw Problem.badRequest("'%s' may name %d at most".formatted(parameter, MOST));
        }
        return words;
    }

    private static String slug(String text) {
        try {
            return new ProjectSlug(text).value();
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest(e.getMessage());
        }
    }

    /** As it stands in {@code event:}, or its middle word alone. */
    private static String entity(String text) {
        String word = text.replaceFirst("^dev\\.treering\\.(\\w+)\\.changed$", "$1");
        if (!ENTITIES.contains(word)) {
            throw Problem.badRequest("'%s' is no type: there are workflow, job and pipeline".formatted(text));
        }
        return word;
    }

    private static String outcome(String text) {
        try {
            return Outcome.valueOf(text.toUpperCase(Locale.ROOT)).toString();
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest("'%s' is no outcome: there are %s".formatted(text, List.of(Outcome.values())));
        }
    }
}
