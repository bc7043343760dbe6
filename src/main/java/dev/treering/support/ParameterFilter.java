package dev.treering.support;

import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ResourceInfo;

import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * Refuses a parameter of the query that the door does not read, and names the nearest that it does: a misspelt filter
 * would be answered with everything. On CircleCI's face it is ignored, as CircleCI does.
 */
final class ParameterFilter {

    // Where it is read, all but true is false: whoever writes 1, yes or nothing does not mean to have it done.
    private static final String DRY_RUN = "dry_run";

    // What each door reads; found once.
    private final Map<Method, Set<String>> doors = new ConcurrentHashMap<>();

    @ServerRequestFilter
    void check(ContainerRequestContext request, ResourceInfo door) {
        String path = request.getUriInfo().getPath();
        Set<String> given = request.getUriInfo().getQueryParameters().keySet();
        if (given.isEmpty() || path.startsWith("/api/v")) {
            return;
        }
        Set<String> known = doors.computeIfAbsent(door.getResourceMethod(), ParameterFilter::read);
        given.stream().filter(name -> !known.contains(name)).findFirst().ifPresent(name -> {
            throw Problem.badRequest(unknown(name, known));
        });
        List<String> dryRun = request.getUriInfo().getQueryParameters().get(DRY_RUN);
        if (dryRun != null && !(dryRun.equals(List.of("true")) || dryRun.equals(List.of("false")))) {
            throw Problem.badRequest(
                    "'%s' is true or false, not '%s'".formatted(DRY_RUN, String.join(" and ", dryRun)));
        }
    }

    static Set<String> read(Method door) {
        Set<String> known = new TreeSet<>();
        for (Parameter parameter : door.getParameters()) {
            name(parameter, parameter.getName()).ifPresent(known::add);
            // A record of parameters has them on its fields.
            for (Field field : parameter.getType().getDeclaredFields()) {
                name(field, field.getName()).ifPresent(known::add);
            }
        }
        return known;
    }

    private static Optional<String> name(AnnotatedElement element, String otherwise) {
        for (Annotation annotation : element.getAnnotations()) {
            if (annotation instanceof RestQuery query) {
                return Optional.of(query.value().isEmpty() ? otherwise : query.value());
            } else if (annotation instanceof QueryParam query) {
                return Optional.of(query.value());
            }
        }
        return Optional.empty();
    }

    static String unknown(String name, Set<String> known) {
        return known.stream()
                        .min(Comparator.comparingInt(candidate -> distance(name, candidate)))
                        .filter(nearest -> distance(name, nearest) <= 1 + name.length() / 3)
                        .map(nearest -> "Unknown parameter '%s': did you mean '%s'?".formatted(name, nearest))
                        .orElse("Unknown parameter '%s'.".formatted(name))
                + (known.isEmpty() ? " There are none here" : " There are: " + String.join(", ", known));
    }

    /** How many letters must be changed, added or taken away to make one word of the other (Levenshtein). */
    private static int distance(String one, String other) {
        int[] row = IntStream.rangeClosed(0, other.length()).toArray();
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int changed = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(changed, 1 + Math.min(diagonal, row[j - 1]));
            }
        }
        return row[other.length()];
    }
}
