package dev.treering.notification;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import dev.treering.notification.Guard.Refused;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;

/**
 * One POST to a stranger. It goes to the address that the guard has judged, under the name that was asked for (Host, SNI
 * and the certificate's check). Redirects are not followed; of the answer only the head is read, then it is hung up.
 */
@Singleton
class Outbound {

    private final HttpClient client;
    private final Guard guard;
    private final Duration deadline;

    /** @param retryAfter as it was sent; null without it */
    record Reply(int status, String retryAfter) {}

    @Inject
    Outbound(Vertx vertx, Guard guard, DeliveryConfig config) {
        this(vertx, guard, config, new HttpClientOptions());
    }

    Outbound(Vertx vertx, Guard guard, DeliveryConfig config, HttpClientOptions options) {
        client = vertx.createHttpClient(options.setKeepAlive(false)
                .setConnectTimeout((int) config.deadline().toMillis())
                // Whatever nobody waits for any more is hung up.
                .setIdleTimeout((int) config.deadline().multipliedBy(2).toMillis())
                .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
                .setMaxPoolSize(config.concurrency()));
        this.guard = guard;
        deadline = config.deadline();
    }

    /** @throws IOException when no answer came in time; its message is for people */
    Reply post(URI uri, Map<String, String> headers, String body) throws IOException, InterruptedException, Refused {
        long end = System.nanoTime() + deadline.toNanos();
        RequestOptions options = new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setServer(SocketAddress.inetSocketAddress(new InetSocketAddress(address(uri), Guard.port(uri))))
                .setHost(Guard.host(uri))
                .setPort(Guard.port(uri))
                .setSsl(uri.getScheme().equalsIgnoreCase("https"))
                .setURI(path(uri))
                .setFollowRedirects(false);
        options.putHeader("Content-Type", "application/json").putHeader("User-Agent", "treering");
        headers.forEach(options::putHeader);
        AtomicReference<HttpClientRequest> sent = new AtomicReference<>();
        try {
            return client.request(options)
                    .compose(request -> {
                        sent.set(request);
                        if (System.nanoTime() - end >= 0) {
                            request.exceptionHandler(hungUp -> {}).connection().close();
                            return Future.failedFuture("nobody waits for it any more");
                        }
                        // In here, on the connection's own thread, it is read before it can have ended.
                        return request.send(Buffer.buffer(body)).map(answer -> {
                            // Hanging up below is told to whoever reads the rest, or else to the log.
                            answer.exceptionHandler(hungUp -> {});
                            return new Reply(answer.statusCode(), answer.getHeader("Retry-After"));
                        });
                    })
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new IOException("no answer within %d ms".formatted(deadline.toMillis()), e);
        } catch (ExecutionException e) {
            throw new IOException(
                    "no answer: " + e.getCause().getClass().getSimpleName().replaceFirst("^Annotated", ""),
                    e.getCause());
        } finally {
            // Closes the connection: the rest of the answer is none of ours, and a hanging one must not stay.
            if (sent.get() != null) {
                sent.get().reset();
            }
        }
    }

    private InetAddress address(URI uri) throws IOException, Refused {
        try {
            return guard.address(uri);
        } catch (UnknownHostException e) {
            throw new IOException("the name of its host cannot be looked up", e);
        }
    }

    private static String path(URI uri) {
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        return uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery();
    }
}
