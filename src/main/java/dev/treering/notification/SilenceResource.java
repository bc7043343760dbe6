package dev.treering.notification;

import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import dev.treering.support.Times;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jboss.resteasy.reactive.RestPath;

/** {@code /api/notifications/silences}: what nobody is told of for a while. */
@Path("/api/notifications/silences")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.NOTIFY_ADMIN)
public class SilenceResource {

    private final Rules rules;
    private final Caller caller;
    private final Clock clock;

    SilenceResource(Rules rules, Caller caller, Clock clock) {
        this.rules = rules;
        this.caller = caller;
        this.clock = clock;
    }

    /** Those that have not ended, and for a month those that have; the last to end first. */
    public record SilenceList(List<Silence> items, String nextPageToken) {}

    @GET
    public SilenceList list() throws SQLException {
        caller.mustSeeAll();
        return new SilenceList(rules.silences(), null);
    }

    /** @param endsAt a time, or how long from now: {@code 12h}, {@code 7d} at most */
    public record WantedSilence(
            String project, String workflow, String branch, String actor, String reason, String endsAt) {

        private Silence from(Instant now, String author) {
            Instant end = endsAt == null ? null : Times.read(endsAt, now, 1).orElse(null);
            return new Silence(UUID.randomUUID(), project, workflow, branch, actor, reason, author, now, end).checked();
        }
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @ResponseStatus(201)
    public Silence create(WantedSilence wanted) throws SQLException {
        caller.mustSeeAll();
        if (wanted == null) {
            throw Problem.badRequest("Send the silence as the body");
        }
        Silence silence = wanted.from(clock.instant().truncatedTo(ChronoUnit.SECONDS), caller.name());
        rules.save(silence);
        return silence;
    }

    @DELETE
    @Path("/{id}")
    public void end(@RestPath UUID id) throws SQLException {
        caller.mustSeeAll();
        if (!rules.end(id)) {
            throw Problem.notFound("There is no silence %s that could be ended".formatted(id));
        }
    }
}
