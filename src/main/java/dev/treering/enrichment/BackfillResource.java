package dev.treering.enrichment;

import java.net.URI;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;

import dev.treering.circleci.CircleCi;
import dev.treering.enrichment.Backfills.Status;
import dev.treering.event.ProjectSlug;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import dev.treering.support.Times;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.RestResponse.ResponseBuilder;

/** {@code POST /api/projects/{slug}/backfill} and {@code /api/backfills/{id}}: runs of the past. */
@Path("/api")
@Produces("application/json")
@RolesAllowed(Scope.ADMIN)
public class BackfillResource {

    private static final Duration USUAL = Duration.ofDays(90);

    private final Backfills backfills;
    private final CircleCi circleCi;
    private final Clock clock;

    BackfillResource(Backfills backfills, CircleCi circleCi, Clock clock) {
        this.backfills = backfills;
        this.circleCi = circleCi;
        this.clock = clock;
    }

    /**
     * The span of pipelines' creation, RFC 3339.
     *
     * @param since included; 90 days ago where it is absent
     * @param until not included; now where it is absent
     */
    public record Span(String since, String until) {}

    @POST
    @Path("/projects/{vcs}/{organization}/{project}/backfill")
    @Consumes("application/json")
    public RestResponse<Status> start(
            @RestPath String vcs, @RestPath String organization, @RestPath String project, Span given)
            throws SQLException {
        // Whoever answers here need not be one that asks.
        if (!circleCi.hasToken() && circleCi.lastTold().isEmpty()) {
            throw new Problem(409, "No worker has a token to ask CircleCI with: set TREERING_CIRCLECI_TOKEN");
        }
        Span span = given == null ? new Span(null, null) : given;
        Instant until = time("until", span.until, clock.instant());
        Instant since = time("since", span.since, until.minus(USUAL));
        if (!since.isBefore(until)) {
            throw Problem.badRequest("'since' (%s) must be before 'until' (%s)".formatted(since, until));
        }
        UUID id = UUID.randomUUID();
        String slug = slug(vcs, organization, project);
        Optional<UUID> running = backfills.start(id, slug, since, until);
        if (running.isPresent()) {
            throw new Problem(
                    409,
                    "A backfill of %s is running: follow it at /api/backfills/%s, or DELETE that to end it"
                            .formatted(slug, running.get()));
        }
        return ResponseBuilder.accepted(status(id))
                .location(URI.create("/api/backfills/" + id))
                .build();
    }

    @GET
    @Path("/backfills/{id}")
    public Status status(@RestPath UUID id) throws SQLException {
        return backfills.status(id).orElseThrow(() -> Problem.notFound("There is no backfill " + id));
    }

    @DELETE
    @Path("/backfills/{id}")
    public Status cancel(@RestPath UUID id) throws SQLException {
        status(id);
        backfills.cancel(id);
        return status(id);
    }

    static String slug(String vcs, String organization, String project) {
        try {
            return ProjectSlug.of(vcs, organization, project).value();
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest(e.getMessage());
        }
    }

    private static Instant time(String name, String text, Instant otherwise) {
        if (text == null || text.isBlank()) {
            return otherwise;
        }
        return Times.parse(text)
                .orElseThrow(() ->
                        Problem.badRequest("'%s' is no RFC 3339 time, such as 2026-11-24T00:00:00Z".formatted(name)));
    }
}
