package dev.treering.live;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

import dev.treering.live.Ring.Chunk;
import dev.treering.live.Ring.Place;
import dev.treering.security.Pass;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;

/** One stream. It lives on the event loop of its connection; others only wake it. */
final class Client {

    private final HttpServerResponse response;
    private final Context loop = Vertx.currentContext();
    private final Ring ring;
    private final Place place;
    private final Filter filter;
    private final Pass pass;
    private final long patience;
    private final Consumer<Client> leaving;
    private final AtomicBoolean woken = new AtomicBoolean();
    private boolean full;
    private long fullSince;

    /** @param leaving told once or more when it is over */
    Client(
            RoutingContext routing,
            Ring ring,
            Place place,
            Filter filter,
            Pass pass,
            LiveConfig config,
            Consumer<Client> leaving) {
        this.response = routing.response();
        this.ring = ring;
        this.place = place;
        this.filter = filter;
        this.pass = pass;
        this.leaving = leaving;
        this.patience = config.patience().toNanos();
        response.setChunked(true)
                .setWriteQueueMaxSize((int) config.clientQueue().asLongValue())
                .drainHandler(drained -> {
                    full = false;
                    give();
                })
                .putHeader("Content-Type", "text/event-stream")
                .putHeader("Cache-Control", "no-cache")
                // nginx would wait until it has a buffer full.
                .putHeader("X-Accel-Buffering", "no")
                .write("retry: 3000\n\n");
        routing.addEndHandler(gone -> leaving.accept(this));
    }

    Pass pass() {
        return pass;
    }

    /** Something follows. */
    void wake() {
        if (woken.compareAndSet(false, true)) {
            loop.runOnContext(now -> {
                woken.set(false);
                give();
            });
        }
    }

    private void give() {
        if (response.ended() || response.closed()) {
            // It went before anybody listened for that.
            leaving.accept(this);
            return;
        }
        Chunk chunk = null;
        while (!response.ended()
                && !response.closed()
                && !response.writeQueueFull()
                && (chunk = ring.read(place, filter)) != null) {
            if (chunk.lost()) {
                end("You read more slowly than things happen; come again");
            } else if (chunk.buffer().length() > 0) {
                response.write(chunk.buffer());
            }
        }
        if (response.ended() || response.closed() || !response.writeQueueFull()) {
            return;
        }
        long now = System.nanoTime();
        if (!full) {
            full = true;
            fullSince = now;
        } else if (now - fullSince > patience) {
            end("You did not read for %s; come again".formatted(Duration.ofNanos(patience)));
        }
    }

    /** With the place, so that one whose filter matches little can go on from here and not from long ago. */
    void beat() {
        loop.runOnContext(now -> {
            give();
            if (!response.ended() && !response.closed() && !response.writeQueueFull()) {
                response.write(place.id() == null ? ":\n\n" : ":\nid: %s\n\n".formatted(place.id()));
            }
        });
    }

    void dismiss(String why) {
        loop.runOnContext(now -> end(why));
    }

    private void end(String why) {
        leaving.accept(this);
        if (response.ended() || response.closed()) {
            return;
        }
        response.write(": %s\n\n".formatted(why));
        // Nothing more is written: if that is not read either, the idle timeout cuts the connection.
        response.end();
    }
}
