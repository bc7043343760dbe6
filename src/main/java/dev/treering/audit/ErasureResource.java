package dev.treering.audit;

import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.StreamingOutput;

import dev.treering.event.ProjectSlug;
import dev.treering.history.Erasure;
import dev.treering.history.Erasure.Place;
import dev.treering.history.Erasure.Report;
import dev.treering.history.History;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import io.quarkus.logging.Log;
import org.jboss.resteasy.reactive.RestQuery;

/** {@code POST /api/trail/erasures}: takes a person out of the trail and of the history. */
@Path("/api/trail/erasures")
@Produces(Progress.MEDIA_TYPE)
@Consumes("application/json")
@RolesAllowed(Scope.ADMIN)
public class ErasureResource {

    private final Erasure erasure;
    private final History history;
    private final Seal seal;
    private final Checkpoints checkpoints;
    private final Caller caller;
    private final Clock clock;
    // It reads everything there is; one of them is enough for an instance.
    private final Semaphore free = new Semaphore(1);

    ErasureResource(Erasure erasure, History history, Seal seal, Checkpoints checkpoints, Caller caller, Clock clock) {
        this.erasure = erasure;
        this.history = history;
        this.seal = seal;
        this.checkpoints = checkpoints;
        this.caller = caller;
        this.clock = clock;
    }

    /**
     * What to erase, by one of these.
     *
     * @param person e-mail addresses, names and logins of one person
     * @param project slug or id of a project: everybody who is named in it
     * @param entry one entry, with all copies of its delivery: everybody who is named in it
     */
    public record Subject(List<String> person, String project, Place entry) {}

    @POST
    public StreamingOutput erase(@RestQuery("dry_run") boolean dryRun, Subject subject) throws SQLException {
        caller.mustSeeAll();
        if (subject == null
                || Stream.of(subject.person, subject.project, subject.entry)
                                .filter(given -> given != null)
                                .count()
                        != 1) {
            throw Problem.badRequest("Give one of 'person', 'project' and 'entry'");
        }
        if (subject.person != null
                && (subject.person.isEmpty()
                        || subject.person.size() > 20
                        || subject.person.stream()
                                .anyMatch(word -> word == null || word.strip().length() < 3))) {
            throw Problem.badRequest("'person' must be 1 to 20 addresses, names or logins of 3 characters at least");
        }
        if (subject.entry != null && !erasure.knows(subject.entry)) {
            throw Problem.notFound(
                    "The trail has no webhook and no answer of CircleCI's at that place; acts are not erased");
        }
        if (!dryRun && checkpoints.lackKey()) {
            throw new Problem(
                    409,
                    "Checkpoints of the trail are signed, and this instance has no key to sign an erasure with, so that"
                            + " the trail would not verify any more: set TREERING_AUDIT_CHECKPOINT_KEY_FILE here too");
        }
        UUID project = subject.project == null ? null : project(subject.project);
        String by = caller.name();
        return Progress.of(
                clock,
                progress -> {
                    if (!free.tryAcquire()) {
                        return Report.failed("Another erasure runs here; ask again when that is over");
                    }
                    try {
                        Report report = erasure.erase(
                                new Erasure.Subject(subject.person, project, subject.entry),
                                dryRun,
                                seal::sign,
                                progress::tell);
                        if (!dryRun) {
                            // Not of whom: the log would then be the one place that still says so.
                            Log.infof(
                                    "%s erased personal data from %d entries of the trail, %d rows of the history and %d"
                                            + " records under way",
                                    by, report.entries(), report.rows(), report.waiting());
                        }
                        return report;
                    } finally {
                        free.release();
                    }
                },
                Report::failed);
    }

    private UUID project(String given) {
        try {
            return UUID.fromString(given);
        } catch (IllegalArgumentException slug) {
            try {
                return history.project(new ProjectSlug(given).value())
                        .orElseThrow(() -> Problem.notFound("Project not found"))
                        .id();
            } catch (IllegalArgumentException e) {
                throw Problem.badRequest(e.getMessage());
            }
        }
    }
}
