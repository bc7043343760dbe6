package dev.treering.audit;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;

import dev.treering.audit.DeadLetters.Group;
import dev.treering.audit.DeadLetters.Letter;
import dev.treering.audit.DeadLetters.Opened;
import dev.treering.history.Redrive;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.PageToken;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestResponse;

/** {@code /api/dead-letters}: what could not be read, and what is done about it. */
@Path("/api/dead-letters")
@Produces("application/json")
@RolesAllowed(Scope.ADMIN)
public class DeadLetterResource {

    private static final int LONGEST_NOTE = 1_000;

    private final DeadLetters letters;
    private final Works works;
    private final Caller caller;

    DeadLetterResource(DeadLetters letters, Works works, Caller caller) {
        this.letters = letters;
        this.works = works;
        this.caller = caller;
    }

    /** All reasons; and of the one that was asked for, those that wait, newest first. */
    public record Listed(List<Group> groups, List<Letter> items, String nextPageToken) {}

    /** @param note why, kept with who and when */
    public record Discarding(String note) {}

    /** @param discarded how many waited and do no longer */
    public record Discarded(long discarded) {}

    @GET
    @RolesAllowed(Scope.AUDIT_READ)
    public Listed list(@RestQuery String reason, @RestQuery("page-token") String pageToken) throws SQLException {
        caller.mustSeeAll();
        if (reason == null) {
            if (pageToken != null) {
                throw Problem.badRequest("'page-token' goes with 'reason'");
            }
            return new Listed(letters.groups(), List.of(), null);
        }
        List<Letter> page = letters.page(known(reason), PageToken.decode(pageToken, reason.hashCode()));
        if (!DeadLetters.isMore(page)) {
            return new Listed(letters.groups(), page, null);
        }
        List<Letter> items = page.subList(0, page.size() - 1);
        Letter last = items.get(items.size() - 1);
        return new Listed(
                letters.groups(), items, new PageToken(last.appendedAt(), last.id(), reason.hashCode()).encode());
    }

    @GET
    @Path("/{id}")
    @RolesAllowed(Scope.AUDIT_READ)
    public Opened open(@RestPath UUID id) throws SQLException {
        caller.mustSeeAll();
        return letters.find(id).orElseThrow(() -> Problem.notFound("There is no dead letter " + id));
    }

    @POST
    @Path("/redrive")
    public RestResponse<Task> redrive(@RestQuery("dry_run") boolean dryRun, @RestQuery String reason)
            throws SQLException {
        caller.mustSeeAll();
        return works.order(
                "redrive", reason == null ? Map.of() : Map.of("reason", known(reason)), dryRun, caller.name());
    }

    @POST
    @Path("/{id}/redrive")
    public RestResponse<Task> redriveOne(@RestPath UUID id, @RestQuery("dry_run") boolean dryRun) throws SQLException {
        return works.order("redrive", Map.of("dead_letter", waiting(id)), dryRun, caller.name());
    }

    @POST
    @Path("/discard")
    @Consumes("application/json")
    public Discarded discard(@RestQuery String reason, Discarding why) throws SQLException {
        caller.mustSeeAll();
        if (reason == null) {
            throw Problem.badRequest("Say by 'reason' which are to be discarded: one of " + Redrive.REASONS);
        }
        return new Discarded(letters.discard(Map.of("reason", known(reason)), note(why), caller.name()));
    }

    @POST
    @Path("/{id}/discard")
    @Consumes("application/json")
    public Discarded discardOne(@RestPath UUID id, Discarding why) throws SQLException {
        String note = note(why);
        return new Discarded(letters.discard(Map.of("dead_letter", waiting(id)), note, caller.name()));
    }

    private String waiting(UUID id) throws SQLException {
        Letter letter = open(id).letter();
        if (letter.resolution() != null) {
            throw new Problem(
                    409,
                    "It is %s, by %s at %s".formatted(letter.resolution(), letter.resolvedBy(), letter.resolvedAt()));
        }
        return id.toString();
    }

    private static String known(String reason) {
        if (!Redrive.REASONS.contains(reason)) {
            throw Problem.badRequest("'reason' is one of %s, not '%s'".formatted(Redrive.REASONS, reason));
        }
        return reason;
    }

    private static String note(Discarding why) {
        if (why == null || why.note == null || why.note.isBlank() || why.note.length() > LONGEST_NOTE) {
            throw Problem.badRequest("'note' must say why, in %d characters at most".formatted(LONGEST_NOTE));
        }
        return why.note;
    }
}
