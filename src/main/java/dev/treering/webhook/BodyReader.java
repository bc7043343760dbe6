package dev.treering.webhook;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

import jakarta.inject.Singleton;

import dev.treering.webhook.Refusal.Reason;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;

/** Collects bodies and counts their bytes against the limits as they come, each body's and those of all under way. */
@Singleton
class BodyReader {

    private final WebhookConfig config;
    private final AtomicLong bytesInFlight = new AtomicLong();

    BodyReader(WebhookConfig config, MeterRegistry meters) {
        this.config = config;
        Gauge.builder("treering.webhooks.in.flight", bytesInFlight, AtomicLong::get)
                .description("Bodies under way")
                .baseUnit("bytes")
                .register(meters);
    }

    /** Reads the body, and then calls one of the two, once. The bytes count until the response has ended. */
    void read(HttpServerRequest request, Consumer<byte[]> whole, Consumer<Refusal> refused) {
        new Body(request, whole, refused).read();
    }

    private final class Body {

        private final HttpServerRequest request;
        private final Consumer<byte[]> whole;
        private final Consumer<Refusal> refused;
        private Buffer bytes = Buffer.buffer();
        private long announced = -1;
        private long reserved;
        private boolean over;
        private long deadline = -1;

        Body(HttpServerRequest request, Consumer<byte[]> whole, Consumer<Refusal> refused) {
            this.request = request;
            this.whole = whole;
            this.refused = refused;
        }

        void read() {
            String length = request.getHeader("content-length");
            announced = length == null ? -1 : Long.parseLong(length);
            if (announced > config.maxBodySize().asLongValue()) {
                refuse(tooLarge());
                return;
            }
            // Whatever becomes of it, what was reserved is given back when the exchange is over.
            request.response().endHandler(ended -> release()).closeHandler(closed -> release());
            request.handler(this::take).endHandler(end -> complete());
            request.resume();
        }

        private void take(Buffer chunk) {
            if (over) {
                return;
            }
            reserved += chunk.length();
            if (bytesInFlight.addAndGet(chunk.length())
                    > config.maxBytesInFlight().asLongValue()) {
                refuse(Refusal.forNow(429, Reason.IN_FLIGHT, "Too many webhooks are under way; send it again"));
            } else if (bytes.length() + chunk.length() > config.maxBodySize().asLongValue()) {
                refuse(tooLarge());
            } else {
                // Nearly every body comes in one piece, and needs no copy and no timer.
                bytes = bytes.length() == 0 ? chunk : bytes.appendBuffer(chunk);
                if (deadline < 0 && bytes.length() != announced) {
                    startDeadline();
                }
            }
        }

        // From the first bytes on: a sender that dribbles must not hold room that others need.
        private void startDeadline() {
            deadline = Vertx.currentContext()
                    .owner()
                    .setTimer(config.bodyTimeout().toMillis(), late -> {
                        if (!over) {
                            refuse(Refusal.of(408, Reason.SLOW, "The body did not come in time"));
                        }
                    });
        }

        private void complete() {
            if (!over) {
                over = true;
                cancelDeadline();
                whole.accept(bytes.getBytes());
            }
        }

        private void refuse(Refusal refusal) {
            over = true;
            refused.accept(refusal);
        }

        private Refusal tooLarge() {
            return Refusal.of(
                    413,
                    Reason.TOO_LARGE,
                    "A webhook may have %d bytes at most"
                            .formatted(config.maxBodySize().asLongValue()));
        }

        private void release() {
            cancelDeadline();
            bytesInFlight.addAndGet(-reserved);
            reserved = 0;
        }

        private void cancelDeadline() {
            if (deadline >= 0) {
                Vertx.currentContext().owner().cancelTimer(deadline);
            }
        }
    }
}
