package dev.treering.audit;

import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;

import dev.treering.event.ProjectSlug;
import dev.treering.history.History;
import dev.treering.history.ProjectView;
import dev.treering.history.Regrowth.Untold;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import dev.treering.support.Times;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestResponse;

/** {@code POST /api/rebuilds} and {@code /api/events/republications}, and {@code /api/tasks/{id}}: long work. */
@Path("/api")
@Produces("application/json")
@RolesAllowed(Scope.ADMIN)
public class TaskResource {

    private final Works works;
    private final Tasks tasks;
    private final History history;
    private final Caller caller;
    private final Clock clock;

    TaskResource(Works works, Tasks tasks, History history, Caller caller, Clock clock) {
        this.works = works;
        this.tasks = tasks;
        this.history = history;
        this.caller = caller;
        this.clock = clock;
    }

    /**
     * What is to be published again.
     *
     * @param from included, RFC 3339, a day, or how long ago ({@code 12h}); {@code to} is not included, now where it is absent
     * @param project a slug or an id; absent for all
     */
    public record Range(String from, String to, String project) {}

    @POST
    @Path("/rebuilds")
    public RestResponse<Task> rebuild(@RestQuery("dry_run") boolean dryRun, @RestQuery String untold)
            throws SQLException {
        caller.mustSeeAll();
        String word = untold == null ? "refuse" : untold;
        if (Arrays.stream(Untold.values()).noneMatch(known -> known.name().equals(word.toUpperCase(Locale.ROOT)))) {
            throw Problem.badRequest("'untold' is refuse, keep or drop, not '%s'".formatted(untold));
        }
        return works.order("rebuild", Map.of("untold", word.toLowerCase(Locale.ROOT)), dryRun, caller.name());
    }

    @POST
    @Path("/events/republications")
    @Consumes("application/json")
    public RestResponse<Task> republish(@RestQuery("dry_run") boolean dryRun, Range range) throws SQLException {
        caller.mustSeeAll();
        Instant now = clock.instant();
        Instant from = time("from", range == null ? null : range.from, now);
        Instant to = range == null || range.to == null ? now : time("to", range.to, now);
        if (!from.isBefore(to)) {
            throw Problem.badRequest("'from' (%s) must be before 'to' (%s)".formatted(from, to));
        }
        Map<String, String> wanted = new TreeMap<>(Map.of("from", from.toString(), "to", to.toString()));
        if (range.project != null) {
            wanted.put("project_id", project(range.project).toString());
        }
        return works.order("republication", wanted, dryRun, caller.name());
    }

    @GET
    @Path("/tasks/{id}")
    public Task status(@RestPath UUID id) throws SQLException {
        return tasks.find(id).orElseThrow(() -> Problem.notFound("There is no task " + id));
    }

    @DELETE
    @Path("/tasks/{id}")
    public Task cancel(@RestPath UUID id) throws SQLException {
        status(id);
        tasks.cancel(id);
        return status(id);
    }

    private static Instant time(String name, String text, Instant now) {
        return Optional.ofNullable(text)
                .flatMap(given -> Times.read(given, now, -1))
                .orElseThrow(() -> Problem.badRequest(
                        "'%s' is no time such as 2026-11-24T00:00:00Z, 2026-11-24 or 12h".formatted(name)));
    }

    private UUID project(String named) {
        try {
            return named.contains("/")
                    ? history.project(new ProjectSlug(named).value())
                            .map(ProjectView::id)
                            .orElseThrow(() -> Problem.badRequest("The history knows no project " + named))
                    : UUID.fromString(named);
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest(
                    "'project': '%s' is neither a slug such as gh/acme/web nor an id".formatted(named));
        }
    }
}
