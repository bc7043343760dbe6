package dev.treering.webhook;

import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.event.CloudEvent;
import dev.treering.support.Accounting;
import dev.treering.support.Origin;
import dev.treering.support.Problem;
import dev.treering.support.Role;
import dev.treering.support.Traces;
import dev.treering.support.TreeringConfig;
import dev.treering.webhook.Refusal.Reason;
import io.quarkus.logging.Log;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/**
 * {@code POST /webhooks/circleci} and {@code /webhooks/circleci/{endpoint}}. A route and not a REST resource: the body is
 * counted while it arrives, so that a hostile one is cut before it costs memory, and many requests wait on Kafka at once
 * without a thread each.
 */
@Singleton
class WebhookRoute {

    private static final String PATH = "/webhooks/circleci";

    // Before everything of Quarkus that asks for tokens (-200) or reads and limits a body (-2): a webhook proves itself
    // by
    // its signature, and this door counts for itself.
    private static final int ORDER = -500;

    // What is left of a record of 1 MiB after key, headers and framing, with room to spare.
    private static final long LARGEST_BODY = 960 * 1024;

    private final Endpoints endpoints;
    private final WebhookConfig config;
    private final BodyReader bodies;
    private final Receiver receiver;
    private final Accounting accounting;
    private final Traces traces;
    private final ObjectMapper json;
    private final Clock clock;
    private final boolean open;

    /** What is wrong with a signature: for us to count. The sender is told nothing of it. */
    private enum Unverified {
        MISSING,
        REPEATED,
        MALFORMED,
        MISMATCH;

        static Unverified of(int headers, boolean readable) {
            if (headers != 1) {
                return headers == 0 ? MISSING : REPEATED;
            }
            return readable ? MISMATCH : MALFORMED;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The answer to an accepted webhook; {@code id} is the event's, null where the body names none. */
    record Accepted(String id, UUID receipt, String status) {}

    WebhookRoute(
            WebhookConfig config,
            TreeringConfig treering,
            Endpoints endpoints,
            BodyReader bodies,
            Receiver receiver,
            Accounting accounting,
            Traces traces,
            ObjectMapper json,
            Clock clock) {
        this.config = config;
        this.endpoints = endpoints;
        this.bodies = bodies;
        this.receiver = receiver;
        this.accounting = accounting;
        this.traces = traces;
        this.json = json;
        this.clock = clock;
        accounting.mayRefuse(Reason.values());
        accounting.mayNotVerify(Unverified.values());
        this.open = treering.roles().contains(Role.RECEIVER);
        if (config.maxBodySize().asLongValue() > LARGEST_BODY) {
            throw new ConfigurationException(
                    "treering.webhook.max-body-size may be %d bytes at most: a topic's record has 1 MiB, headers included"
                            .formatted(LARGEST_BODY));
        }
    }

    void register(@Observes Router router) {
        if (!open) {
            return;
        }
        endpoints.read();
        if (endpoints.named(Endpoints.DEFAULT) == null) {
            Log.warn("No webhook secret is set, so " + PATH + " is 404. Set TREERING_WEBHOOK_SECRETS to the secret that"
                    + " CircleCI signs with (Project Settings > Webhooks)");
        }
        config.endpoints().keySet().stream()
                .filter(name -> endpoints.named(name) == null)
                .forEach(name -> Log.warnf("%s/%s has no secret, so it is 404", PATH, name));
        router.post(PATH).order(ORDER).handler(context -> receive(context, Endpoints.DEFAULT));
        router.post(PATH + "/:endpoint")
                .order(ORDER)
                .handler(context -> receive(context, context.pathParam("endpoint")));
    }

    private void receive(RoutingContext routing, String name) {
        HttpServerRequest request = routing.request();
        if (endpoints.named(name) == null) {
            refuse(
                    request,
                    Refusal.of(
                            404,
                            Reason.UNKNOWN_ENDPOINT,
                            "There is no webhook endpoint here, or it has no secret yet"));
        } else if (!isJson(request)) {
            refuse(request, Refusal.of(415, Reason.MEDIA_TYPE, "Send application/json without a content-encoding"));
        } else {
            bodies.read(request, bytes -> verify(request, name, bytes), refusal -> refuse(request, refusal));
        }
    }

    private static boolean isJson(HttpServerRequest request) {
        String type = request.getHeader("content-type");
        return type != null
                && type.split(";", 2)[0].strip().equalsIgnoreCase("application/json")
                && request.getHeader("content-encoding") == null;
    }

    private void verify(HttpServerRequest request, String name, byte[] body) {
        // Asked again: the body may have taken its time, and a secret removed meanwhile verifies nothing.
        Endpoint endpoint = endpoints.named(name);
        // Two header lines are two claims; a proxy in front may have checked the other one.
        List<String> signatures = request.headers().getAll("circleci-signature");
        Optional<byte[]> signature = signatures.size() == 1 ? Signature.parse(signatures.get(0)) : Optional.empty();
        Optional<Secret> signer =
                endpoint == null ? Optional.empty() : signature.flatMap(bytes -> endpoint.verify(body, bytes));
        if (signer.isEmpty()) {
            accounting.unverified(Unverified.of(signatures.size(), signature.isPresent()));
            refuse(request, Refusal.of(401, Reason.SIGNATURE, "The signature does not verify"));
            return;
        }
        accounting.received();
        Delivery delivery = new Delivery(
                UUID.randomUUID(),
                clock.instant(),
                endpoint.name(),
                signer.get().id(),
                Origin.of(request),
                body,
                Delivery.Peek.into(body));
        // Kafka answers on its own thread; the response belongs to the event loop that took the request.
        Context eventLoop = Vertx.currentContext();
        receiver.accept(delivery.toCloudEvent().with(CloudEvent.TRACE, traces.current()))
                .whenComplete((durable, failure) -> eventLoop.runOnContext(back -> {
                    if (failure == null) {
                        accepted(request, delivery);
                    } else {
                        answer(
                                request,
                                Refusal.forNow(
                                        503,
                                        Reason.NOT_DURABLE,
                                        "Neither Kafka nor PostgreSQL took the webhook; send it again"));
                    }
                }));
    }

    private void accepted(HttpServerRequest request, Delivery delivery) {
        accounting.durable(delivery.receivedAt());
        String id = delivery.peek().id();
        answer(request, 202, "application/json", new Accepted(id, delivery.receipt(), "accepted"));
    }

    /** Refuses what was not counted as received before. */
    private void refuse(HttpServerRequest request, Refusal refusal) {
        accounting.received();
        answer(request, refusal);
    }

    private void answer(HttpServerRequest request, Refusal refusal) {
        accounting.refused(refusal.reason());
        if (refusal.comeAgain()) {
            request.response().putHeader("Retry-After", Integer.toString(config.retryAfterSeconds()));
        }
        if (!request.isEnded()) {
            // What is still on its way is not read: the connection cannot serve another request.
            request.response().putHeader("Connection", "close");
        }
        Problem problem = new Problem(refusal.status(), refusal.detail());
        answer(request, refusal.status(), Problem.MEDIA_TYPE, problem.body(request.path()));
    }

    private void answer(HttpServerRequest request, int status, String mediaType, Object document) {
        HttpServerResponse response = request.response();
        if (response.ended() || response.closed()) {
            return;
        }
        try {
            response.setStatusCode(status)
                    .putHeader("Content-Type", mediaType)
                    .end(Buffer.buffer(json.writeValueAsBytes(document)));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an answer is ours and always JSON", e);
        }
    }
}
