package dev.treering.notification;

import java.sql.SQLException;
import java.util.Set;
import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import dev.treering.notification.DeliveryLog.Delivery;
import dev.treering.notification.DeliveryLog.DeliveryPage;
import dev.treering.notification.DeliveryLog.Detail;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;

/** {@code /api/notifications/deliveries}: what was sent, what was not and why, and once more. */
@Path("/api/notifications/deliveries")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.NOTIFY_ADMIN)
public class DeliveryResource {

    private static final Set<String> STATES = Set.of("pending", "sent", "failed");

    private final DeliveryLog deliveries;
    private final Caller caller;

    DeliveryResource(DeliveryLog deliveries, Caller caller) {
        this.deliveries = deliveries;
        this.caller = caller;
    }

    /** @param resent how many are due again */
    public record Resent(int resent) {}

    @GET
    public DeliveryPage list(
            @RestQuery String channel, @RestQuery String state, @RestQuery("page-token") String pageToken)
            throws SQLException {
        caller.mustSeeAll();
        return deliveries.list(channel(channel), state(state), pageToken);
    }

    @GET
    @Path("/{id}")
    public Detail delivery(@RestPath UUID id) throws SQLException {
        caller.mustSeeAll();
        return deliveries.detail(id).orElseThrow(() -> Problem.notFound("There is no delivery " + id));
    }

    @POST
    @Path("/{id}/resend")
    @ResponseStatus(202)
    public Delivery resend(@RestPath UUID id) throws SQLException {
        caller.mustSeeAll();
        if (deliveries.resend(id) == 0) {
            deliveries.find(id).orElseThrow(() -> Problem.notFound("There is no delivery " + id));
            throw new Problem(409, "The delivery's channel is switched off; switch it on first");
        }
        return deliveries.find(id).orElseThrow(() -> Problem.notFound("There is no delivery " + id));
    }

    @POST
    @Path("/resend")
    @ResponseStatus(202)
    public Resent resendAll(@RestQuery String channel, @RestQuery String state) throws SQLException {
        caller.mustSeeAll();
        if (state == null) {
            throw Problem.badRequest("Say which: 'state' must be one of " + STATES);
        }
        if (channel == null && !state.equals("failed")) {
            throw Problem.badRequest("Say which 'channel': of all of them only 'failed' is sent again");
        }
        return new Resent(deliveries.resendAll(channel(channel), state(state)));
    }

    private static UUID channel(String text) {
        try {
            return text == null ? null : UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest("'channel' must be a channel's id");
        }
    }

    private static String state(String text) {
        if (text != null && !STATES.contains(text)) {
            throw Problem.badRequest("'state' must be one of " + STATES);
        }
        return text;
    }
}
