package dev.treering.notification;

import java.net.URI;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.treering.notification.Channel.Target;
import dev.treering.notification.DeliveryLog.Delivery;
import dev.treering.notification.Guard.Refused;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import dev.treering.support.Vault;
import io.quarkus.logging.Log;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.RestResponse.ResponseBuilder;

/** {@code /api/notifications/channels}: where people are told. URLs and secrets go in and never come out. */
@Path("/api/notifications/channels")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.NOTIFY_ADMIN)
public class ChannelResource {

    private static final String NAME = "(?=.*\\S)[\\P{Cntrl}&&\\P{Cf}]{1,100}";
    private static final Pattern ADDRESS = Pattern.compile("[^\\s@<>,;:\"()\\p{Cntrl}]{1,64}@[\\w-]+(\\.[\\w-]+)*");
    private static final int MOST_ADDRESSES = 20;
    private static final int MOST_SECRETS = 2;

    private final Channels channels;
    private final Deliveries deliveries;
    private final DeliveryLog log;
    private final Guard guard;
    private final Vault vault;
    private final DeliveryConfig config;
    private final Caller caller;

    ChannelResource(
            Channels channels,
            Deliveries deliveries,
            DeliveryLog log,
            Guard guard,
            Vault vault,
            DeliveryConfig config,
            Caller caller) {
        this.channels = channels;
        this.deliveries = deliveries;
        this.log = log;
        this.guard = guard;
        this.vault = vault;
        this.config = config;
        this.caller = caller;
    }

    /**
     * The channel that is wanted.
     *
     * @param kind {@code slack}, {@code webhook} or {@code email}
     * @param url of Slack's incoming webhook, or of the receiver of a webhook
     * @param to addresses of e-mails
     * @param secret of a webhook: {@code whsec_…}; absent to be given one
     */
    public record Wanted(String name, String kind, String url, List<String> to, String secret) {}

    /** What is to change; what is absent stays. */
    public record Changes(String name, String url, List<String> to, Boolean enabled) {}

    /** A new channel with the secret that signs, which nobody can ask for again; null for other kinds than webhooks. */
    public record Made(String secret, @JsonUnwrapped Channel channel) {}

    /** @param secret absent to be given one */
    public record Rotation(String secret) {}

    /** A signing secret, which nobody can ask for again. */
    public record Rotated(String id, String secret) {}

    public record ChannelList(List<Channel> items, String nextPageToken) {}

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @ResponseStatus(201)
    public Made create(Wanted wanted) throws SQLException {
        caller.mustSeeAll();
        if (wanted == null) {
            throw Problem.badRequest("Say 'name', 'kind', and 'url' or 'to'");
        }
        vault.mustBeReady();
        String name = name(wanted.name);
        String secret = null;
        Target target;
        if (Channel.EMAIL.equals(wanted.kind)) {
            target = new Target(null, List.of(), addresses(wanted.to));
        } else if (Channel.SLACK.equals(wanted.kind)) {
            target = new Target(url(wanted.url), List.of(), List.of());
        } else if (Channel.WEBHOOK.equals(wanted.kind)) {
            secret = secret(wanted.secret);
            target = new Target(url(wanted.url), List.of(secret), List.of());
        } else {
            throw Problem.badRequest("'kind' must be slack, webhook or email");
        }
        UUID id = UUID.randomUUID();
        channels.create(id, name, wanted.kind, target, caller.name());
        Log.infof("Channel %s was made by %s", id, caller.id());
        return new Made(secret, channel(id));
    }

    @GET
    public ChannelList list() throws SQLException {
        caller.mustSeeAll();
        return new ChannelList(channels.all(), null);
    }

    @PATCH
    @Path("/{id}")
    @Consumes(MediaType.APPLICATION_JSON)
    public Channel change(@RestPath UUID id, Changes changes) throws SQLException {
        Channel channel = channel(id);
        if (changes == null) {
            throw Problem.badRequest("Say what is to change: 'name', 'url', 'to' or 'enabled'");
        }
        if ((channel.kind().equals(Channel.EMAIL) ? changes.url : changes.to) != null) {
            throw Problem.badRequest("A channel of this kind has no such target; make another channel");
        }
        String name = changes.name == null ? null : name(changes.name);
        String url = changes.url == null ? null : url(changes.url);
        List<String> to = changes.to == null ? null : addresses(changes.to);
        // First what may be refused.
        if (url != null || to != null) {
            retarget(id, old -> new Target(url == null ? old.url() : url, old.secrets(), to == null ? old.to() : to));
        }
        channels.change(id, name, changes.enabled);
        Log.infof("Channel %s was changed by %s", id, caller.id());
        return channel(id);
    }

    @DELETE
    @Path("/{id}")
    public void delete(@RestPath UUID id) throws SQLException {
        channel(id);
        channels.delete(id);
        Log.infof("Channel %s was deleted by %s", id, caller.id());
    }

    /** A second secret: both sign until the first is taken away. */
    @POST
    @Path("/{id}/secrets")
    @Consumes(MediaType.APPLICATION_JSON)
    @ResponseStatus(201)
    public Rotated rotate(@RestPath UUID id, Rotation rotation) throws SQLException {
        if (!channel(id).kind().equals(Channel.WEBHOOK)) {
            throw Problem.badRequest("Only webhooks are signed");
        }
        String secret = secret(rotation == null ? null : rotation.secret);
        retarget(id, old -> {
            if (old.secrets().size() >= MOST_SECRETS) {
                throw new Problem(409, "Two secrets sign already; take the old one away first");
            }
            List<String> secrets = new ArrayList<>(List.of(secret));
            secrets.addAll(old.secrets());
            return new Target(old.url(), secrets, old.to());
        });
        return new Rotated(Signing.id(secret), secret);
    }

    @DELETE
    @Path("/{id}/secrets/{secret}")
    public void retire(@RestPath UUID id, @RestPath String secret) throws SQLException {
        if (!channel(id).secretIds().contains(secret)) {
            throw Problem.notFound("This channel has no secret " + secret);
        }
        retarget(id, old -> {
            List<String> rest = old.secrets().stream()
                    .filter(one -> !Signing.id(one).equals(secret))
                    .toList();
            if (rest.isEmpty()) {
                throw new Problem(409, "This is the last secret that signs; make another one first");
            }
            return new Target(old.url(), rest, old.to());
        });
    }

    /** Sends an invented message the way all go; the answer says where its log is. */
    @POST
    @Path("/{id}/test")
    public RestResponse<Delivery> test(@RestPath UUID id) throws SQLException {
        Channel channel = channel(id);
        if (channel.disabledAt() != null) {
            throw new Problem(
                    409,
                    "This channel is switched off (%s): PATCH it with {\"enabled\":true} first"
                            .formatted(channel.disabledReason()));
        }
        Delivery delivery = log.find(id, deliveries.test(channel))
                .orElseThrow(() -> Problem.notFound("The channel was deleted meanwhile"));
        return ResponseBuilder.accepted(delivery)
                .location(URI.create("/api/notifications/deliveries/" + delivery.id()))
                .build();
    }

    private Channel channel(UUID id) throws SQLException {
        caller.mustSeeAll();
        return channels.find(id).orElseThrow(() -> Problem.notFound("There is no channel " + id));
    }

    private void retarget(UUID id, UnaryOperator<Target> change) throws SQLException {
        vault.mustBeReady();
        channels.retarget(id, change);
        Log.infof("The target of channel %s was changed by %s", id, caller.id());
    }

    private static String name(String given) {
        if (given == null || !given.matches(NAME)) {
            throw Problem.badRequest("'name' must say in 1 to 100 characters which channel it is");
        }
        return given;
    }

    private String url(String given) {
        try {
            return guard.check(given).toString();
        } catch (Refused e) {
            throw Problem.badRequest("'url': " + e.getMessage());
        }
    }

    private List<String> addresses(List<String> given) {
        if (config.mailFrom().isEmpty()) {
            throw new Problem(409, Channel.MAIL_MISSING);
        }
        if (given == null
                || given.isEmpty()
                || given.size() > MOST_ADDRESSES
                || !given.stream()
                        .allMatch(one -> one != null && ADDRESS.matcher(one).matches())) {
            throw Problem.badRequest(
                    "'to' must be 1 to %d addresses such as web@example.com".formatted(MOST_ADDRESSES));
        }
        return given;
    }

    private static String secret(String given) {
        String secret = given == null ? Signing.newSecret() : given;
        try {
            Signing.key(secret);
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest("'secret': " + e.getMessage());
        }
        return secret;
    }
}
