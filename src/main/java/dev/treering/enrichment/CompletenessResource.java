package dev.treering.enrichment;

import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;

import dev.treering.history.History;
import dev.treering.history.History.Hole;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestPath;

/** {@code GET /api/projects/{slug}/completeness}: what is known of a project, and what is known to be missing. */
@Path("/api/projects/{vcs}/{organization}/{project}/completeness")
@Produces("application/json")
@RolesAllowed(Scope.HISTORY_READ)
public class CompletenessResource {

    private static final int MOST_HOLES = 1_000;

    private final History history;
    private final Tasks tasks;
    private final Reconciler reconciler;
    private final Caller caller;

    CompletenessResource(History history, Tasks tasks, Reconciler reconciler, Caller caller) {
        this.history = history;
        this.tasks = tasks;
        this.reconciler = reconciler;
        this.caller = caller;
    }

    /**
     * How complete a project's history is.
     *
     * @param received webhooks of it, of which {@code recorded} told something new, {@code duplicates} came again and
     *     {@code dead} could not be read
     * @param missing pipelines between the oldest and the newest known one of which nothing is known
     * @param holes their numbers, newest first, a thousand spans at most
     * @param pending things still to be asked of CircleCI; {@code givenUp} were asked in vain, {@code notFound} it does not
     *     have (any more)
     * @param lastReconciliation when its pipelines were last compared with CircleCI's; null when never
     * @param found pipelines of which only that told
     * @param problem why the last comparison failed
     */
    public record Completeness(
            UUID projectId,
            String projectSlug,
            long received,
            long recorded,
            long duplicates,
            long dead,
            long missing,
            List<Hole> holes,
            long pending,
            long givenUp,
            long notFound,
            Instant lastReconciliation,
            Instant nextReconciliation,
            long found,
            String problem) {}

    @GET
    public Completeness completeness(@RestPath String vcs, @RestPath String organization, @RestPath String project)
            throws SQLException {
        String slug = BackfillResource.slug(vcs, organization, project);
        UUID id = history.project(slug)
                .filter(known -> caller.sees(known.id()))
                .orElseThrow(() -> Problem.notFound("Project not found"))
                .id();
        History.Tally tally = history.tally(id);
        Tasks.Counts counts = tasks.ofProject(id);
        Reconciler.State state = reconciler.state(id).orElse(new Reconciler.State(null, null, 0, null));
        return new Completeness(
                id,
                slug,
                tally.received(),
                tally.recorded(),
                tally.duplicates(),
                tally.dead(),
                history.missing(id),
                history.holes(id, MOST_HOLES),
                counts.pending(),
                counts.givenUp(),
                counts.notFound(),
                state.lastAt(),
                state.dueAt(),
                state.found(),
                state.lastError());
    }
}
