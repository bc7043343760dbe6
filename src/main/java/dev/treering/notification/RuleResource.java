package dev.treering.notification;

import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import dev.treering.support.Times;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;

/** {@code /api/notifications/rules}: what people want to be told of. */
@Path("/api/notifications/rules")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.NOTIFY_ADMIN)
public class RuleResource {

    private static final Duration LONGEST = Duration.ofDays(30);

    private final Rules rules;
    private final Previews previews;
    private final Caller caller;
    private final Clock clock;

    RuleResource(Rules rules, Previews previews, Caller caller, Clock clock) {
        this.rules = rules;
        this.previews = previews;
        this.caller = caller;
        this.clock = clock;
    }

    /** All rules, the oldest first. */
    public record RuleList(List<Rule> items, String nextPageToken) {}

    @GET
    public RuleList list() throws SQLException {
        caller.mustSeeAll();
        return new RuleList(rules.all(), null);
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @ResponseStatus(201)
    public Rule create(Rule wanted) throws SQLException {
        caller.mustSeeAll();
        return save(wanted, UUID.randomUUID(), clock.instant().truncatedTo(ChronoUnit.MILLIS), caller.name());
    }

    @GET
    @Path("/{id}")
    public Rule rule(@RestPath UUID id) throws SQLException {
        caller.mustSeeAll();
        return rules.find(id).orElseThrow(() -> Problem.notFound("There is no rule " + id));
    }

    @PUT
    @Path("/{id}")
    @Consumes(MediaType.APPLICATION_JSON)
    public Rule replace(@RestPath UUID id, Rule wanted) throws SQLException {
        Rule before = rule(id);
        return save(wanted, id, before.createdAt(), before.createdBy());
    }

    private Rule save(Rule wanted, UUID id, Instant createdAt, String createdBy) throws SQLException {
        if (wanted == null) {
            throw Problem.badRequest("Send the rule as the body");
        }
        Rule rule = wanted.asked(id, createdAt, createdBy);
        rules.save(rule);
        return rule;
    }

    @DELETE
    @Path("/{id}")
    public void delete(@RestPath UUID id) throws SQLException {
        caller.mustSeeAll();
        if (!rules.delete(id)) {
            throw Problem.notFound("There is no rule " + id);
        }
    }

    @GET
    @Path("/{id}/preview")
    public Previews.Preview preview(@RestPath UUID id, @RestQuery String since) throws SQLException {
        Rule rule = rule(id);
        Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
        return previews.of(
                rule,
                Times.read(since == null ? "7d" : since, now, -1)
                        .filter(time -> time.isBefore(now) && !time.isBefore(now.minus(LONGEST)))
                        .orElseThrow(
                                () -> Problem.badRequest(
                                        "'since' must be a time of the last 30 days: 2026-10-25T08:00:00Z, 2026-10-25, 7d or 12h")),
                now);
    }
}
