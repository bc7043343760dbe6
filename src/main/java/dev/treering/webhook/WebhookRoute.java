package dev.treering.webhook;

import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.support.Accounting;
import dev.treering.support.Problem;
import dev.treering.support.Role;
import dev.treering.support.TreeringConfig;
import io.quarkus.logging.Log;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.vertx.core.Context;
import io.vertx.core.Handler;
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
    private static final String DEFAULT_ENDPOINT = "default";

    // What is left of a record of 1 MiB after key, headers and framing, with room to spare.
    private static final long LARGEST_BODY = 960 * 1024;

    private final Map<String, Endpoint> endpoints = new HashMap<>();
    private final WebhookConfig config;
    private final Receiver receiver;
    private final Accounting accounting;
    private final ObjectMapper json;
    private final Clock clock;
    private final boolean open;
    private final AtomicLong bytesInFlight = new AtomicLong();

    /** The answer to an accepted webhook; {@code id} is the event's, null where the body names none. */
    record Accepted(String id, UUID receipt, String status) {}

    WebhookRoute(
            WebhookConfig config,
            TreeringConfig treering,
            Receiver receiver,
            Accounting accounting,
            ObjectMapper json,
            Clock clock) {
        this.config = config;
        this.receiver = receiver;
        this.accounting = accounting;
        this.json = json;
        this.clock = clock;
        this.open = treering.roles().contains(Role.RECEIVER);
        if (config.maxBodySize().asLongValue() > LARGEST_BODY) {
            throw new ConfigurationException(
                    "treering.webhook.max-body-size may be %d bytes at most: a topic's record has 1 MiB, headers included"
                            .formatted(LARGEST_BODY));
        }
        open(DEFAULT_ENDPOINT, config.secrets().orElse(List.of()));
        config.endpoints().forEach((name, endpoint) -> open(name, endpoint.secrets()));
    }

    private void open(String name, List<String> secrets) {
        List<String> given =
                secrets.stream().filter(secret -> !secret.isBlank()).toList();
        if (!given.isEmpty()) {
            endpoints.put(name, Endpoint.of(name, given));
        }
    }

    void register(@Observes Router router) {
        if (!open) {
            return;
        }
        if (!endpoints.containsKey(DEFAULT_ENDPOINT)) {
            Log.warn("No webhook secret is set, so " + PATH + " is 404. Set TREERING_WEBHOOK_SECRETS to the secret that"
                    + " CircleCI signs with (Project Settings > Webhooks)");
        }
        config.endpoints().keySet().stream()
                .filter(name -> !endpoints.containsKey(name))
                .forEach(name -> Log.warnf("%s/%s has no secret, so it is 404", PATH, name));
        // Before everything of Quarkus that reads or limits a body (-2): this door counts for itself.
        router.post(PATH).order(-100).handler(context -> receive(context, DEFAULT_ENDPOINT));
        router.post(PATH + "/:endpoint")
                .order(-100)
                .handler(context -> receive(context, context.pathParam("endpoint")));
    }

    private void receive(RoutingContext routing, String name) {
        HttpServerRequest request = routing.request();
        Endpoint endpoint = endpoints.get(name);
        if (endpoint == null) {
            refuse(request, 404, "unknown_endpoint", "There is no webhook endpoint here, or it has no secret yet");
        } else if (!isJson(request)) {
            refuse(request, 415, "media_type", "Send application/json without a content-encoding");
        } else {
            new Body(request, bytes -> verify(request, endpoint, bytes)).read();
        }
    }

    private static boolean isJson(HttpServerRequest request) {
        String type = request.getHeader("content-type");
        return type != null
                && type.split(";", 2)[0].strip().equalsIgnoreCase("application/json")
                && request.getHeader("content-encoding") == null;
    }

    /** Collects a body and counts its bytes against the limits as they come. */
    private final class Body {

        private final HttpServerRequest request;
        private final Handler<byte[]> whole;
        private final Buffer bytes = Buffer.buffer();
        private long reserved;
        private boolean refused;
        private boolean complete;
        private long deadline = -1;

        Body(HttpServerRequest request, Handler<byte[]> whole) {
            this.request = request;
            this.whole = whole;
        }

        void read() {
            String length = request.getHeader("content-length");
            if (length != null && Long.parseLong(length) > config.maxBodySize().asLongValue()) {
                tooLarge();
                return;
            }
            // Whatever becomes of it, what was reserved is given back when the exchange is over.
            request.response().endHandler(ended -> release()).closeHandler(closed -> release());
            request.handler(this::take).endHandler(end -> {
                complete = true;
                cancelDeadline();
                if (!refused) {
                    whole.handle(bytes.getBytes());
                }
            });
            request.resume();
        }

        private void take(Buffer chunk) {
            if (refused) {
                return;
            }
            reserved += chunk.length();
            if (bytesInFlight.addAndGet(chunk.length())
                    > config.maxBytesInFlight().asLongValue()) {
                refused = true;
                refuseForNow(request, 429, "in_flight", "Too many webhooks are under way; send it again");
            } else if (bytes.length() + chunk.length() > config.maxBodySize().asLongValue()) {
                tooLarge();
            } else {
                bytes.appendBuffer(chunk);
                if (deadline < 0) {
                    startDeadline();
                }
            }
        }

        // From the first bytes on: a sender that dribbles must not hold room that others need.
        private void startDeadline() {
            deadline = Vertx.currentContext()
                    .owner()
                    .setTimer(config.bodyTimeout().toMillis(), late -> {
                        if (!complete && !refused) {
                            refused = true;
                            refuse(request, 408, "slow", "The body did not come in time");
                        }
                    });
        }

        private void cancelDeadline() {
            if (deadline >= 0) {
                Vertx.currentContext().owner().cancelTimer(deadline);
            }
        }

        private void tooLarge() {
            refused = true;
            refuse(
                    request,
                    413,
                    "too_large",
                    "A webhook may have %d bytes at most"
                            .formatted(config.maxBodySize().asLongValue()));
        }

        private void release() {
            cancelDeadline();
            bytesInFlight.addAndGet(-reserved);
            reserved = 0;
        }
    }

    private void verify(HttpServerRequest request, Endpoint endpoint, byte[] body) {
        // Two header lines are two claims; a proxy in front may have checked the other one.
        List<String> signatures = request.headers().getAll("circleci-signature");
        Optional<Secret> signer = signatures.size() == 1
                ? Signature.parse(signatures.get(0)).flatMap(signature -> endpoint.verify(body, signature))
                : Optional.empty();
        if (signer.isEmpty()) {
            refuse(request, 401, "signature", "The signature does not verify");
            return;
        }
        accounting.received();
        Delivery delivery = new Delivery(
                UUID.randomUUID(),
                clock.instant(),
                endpoint.name(),
                signer.get().id(),
                body,
                Delivery.Peek.into(body));
        // Kafka answers on its own thread; the response belongs to the event loop that took the request.
        Context eventLoop = Vertx.currentContext();
        receiver.accept(delivery.toCloudEvent())
                .whenComplete((durable, failure) -> eventLoop.runOnContext(back -> {
                    if (failure == null) {
                        accepted(request, delivery);
                    } else {
                        accounting.refused("not_durable");
                        problem(
                                request,
                                503,
                                "Neither Kafka nor PostgreSQL took the webhook; send it again",
                                config.retryAfterSeconds());
                    }
                }));
    }

    private void accepted(HttpServerRequest request, Delivery delivery) {
        String id = delivery.peek().id();
        answer(request, 202, "application/json", new Accepted(id, delivery.receipt(), "accepted"));
    }

    private void refuse(HttpServerRequest request, int status, String reason, String detail) {
        accounting.received();
        accounting.refused(reason);
        problem(request, status, detail, 0);
    }

    private void refuseForNow(HttpServerRequest request, int status, String reason, String detail) {
        accounting.received();
        accounting.refused(reason);
        problem(request, status, detail, config.retryAfterSeconds());
    }

    private void problem(HttpServerRequest request, int status, String detail, int retryAfter) {
        if (retryAfter > 0) {
            request.response().putHeader("Retry-After", Integer.toString(retryAfter));
        }
        if (!request.isEnded()) {
            // What is still on its way is not read: the connection cannot serve another request.
            request.response().putHeader("Connection", "close");
        }
        answer(request, status, Problem.MEDIA_TYPE, new Problem(status, detail).body(request.path()));
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
