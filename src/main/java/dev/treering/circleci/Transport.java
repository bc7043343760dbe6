package dev.treering.circleci;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import jakarta.ws.rs.core.UriBuilder;

/**
 * One call, bounded in bytes and in time. The deadline is for the whole of it: a server that sends a byte now and then
 * would never run into a timeout between two of them. Redirects are not followed: the token travels to no other host.
 */
final class Transport {

    private static final String TOKEN = "Circle-Token";

    private final CircleCiConfig config;
    private final HttpClient client;

    record Reply(int status, HttpHeaders headers, byte[] body) {}

    Transport(CircleCiConfig config) {
        this.config = config;
        client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(config.connectTimeout())
                .build();
    }

    /**
     * @param path below the base address, with {@code {names}} for the values
     * @param pageToken null for the first page
     * @throws IOException when no whole answer came in time; its message holds neither token nor address
     */
    Reply get(String token, String path, String pageToken, Object... values) throws IOException, InterruptedException {
        UriBuilder uri = UriBuilder.fromUri(config.url()).path(path);
        if (pageToken != null) {
            uri.queryParam("page-token", "{page-token}");
        }
        Object[] all = pageToken == null ? values : append(values, pageToken);
        // A slug's slashes stay; everything else that is no part of a path is escaped.
        return exchange(request(uri.build(all, false), token).GET().build());
    }

    /**
     * One call of any kind.
     *
     * @param path below the base address, escaped
     * @param query escaped; may be empty
     * @param body null for none
     */
    Reply send(String method, String path, String query, byte[] body, String token)
            throws IOException, InterruptedException {
        URI uri = UriBuilder.fromUri(config.url())
                .path(path)
                .replaceQuery(query.isEmpty() ? null : query)
                .buildFromEncoded();
        return exchange(request(uri, token)
                .header("Content-Type", "application/json")
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body))
                .build());
    }

    private Reply exchange(HttpRequest request) throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<byte[]>> exchange = client.sendAsync(
                request, head -> new Capped(config.maxAnswerSize().asLongValue()));
        try {
            HttpResponse<byte[]> response = exchange.get(config.deadline().toMillis(), TimeUnit.MILLISECONDS);
            return new Reply(response.statusCode(), response.headers(), response.body());
        } catch (TimeoutException e) {
            throw new IOException(
                    "not complete after %d ms".formatted(config.deadline().toMillis()), e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            for (Throwable root = cause; root != null; root = root.getCause()) {
                if (root instanceof TooLarge tooLarge) {
                    throw tooLarge;
                }
            }
            throw new IOException(cause.getClass().getSimpleName(), cause);
        } finally {
            // Closes the connection of an exchange that is still under way.
            exchange.cancel(true);
        }
    }

    private static HttpRequest.Builder request(URI uri, String token) {
        return HttpRequest.newBuilder(uri)
                .header(TOKEN, token)
                .header("Accept", "application/json")
                .header("User-Agent", "treering");
    }

    private static Object[] append(Object[] values, Object last) {
        Object[] all = Arrays.copyOf(values, values.length + 1);
        all[values.length] = last;
        return all;
    }

    static final class TooLarge extends IOException {
        TooLarge(long most) {
            super("more than %d bytes".formatted(most));
        }
    }

    /** Collects a body until it is too large. */
    private static final class Capped implements BodySubscriber<byte[]> {

        private final BodySubscriber<byte[]> bytes = BodySubscribers.ofByteArray();
        private final long most;
        private long size;
        private Flow.Subscription subscription;

        Capped(long most) {
            this.most = most;
        }

        @Override
        public CompletionStage<byte[]> getBody() {
            return bytes.getBody();
        }

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription = given;
            bytes.onSubscribe(given);
        }

        @Override
        public void onNext(List<ByteBuffer> part) {
            for (ByteBuffer buffer : part) {
                size += buffer.remaining();
            }
            if (size > most) {
                subscription.cancel();
                bytes.onError(new TooLarge(most));
            } else {
                bytes.onNext(part);
            }
        }

        @Override
        public void onError(Throwable failure) {
            bytes.onError(failure);
        }

        @Override
        public void onComplete() {
            bytes.onComplete();
        }
    }
}
