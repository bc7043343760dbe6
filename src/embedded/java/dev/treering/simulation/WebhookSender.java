package dev.treering.simulation;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Posts webhooks to one door, signed, and does not give one up until the door answers 2xx or the sender is closed. */
public final class WebhookSender implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    private final URI door;
    private final String secret;
    private final CountDownLatch closed = new CountDownLatch(1);
    // An HTTP/2 client would ask for an upgrade with every plain request.
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(PATIENCE)
            .build();

    public WebhookSender(URI door, String secret) {
        this.door = door;
        this.secret = secret;
    }

    /** Whether it arrived; false only when the sender was closed before. */
    public boolean deliver(Delivery delivery) throws InterruptedException {
        Duration pause = FIRST_PAUSE;
        while (!isClosed()) {
            if (accepted(delivery)) {
                return true;
            }
            pauseOrClose(pause);
            pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
        }
        return false;
    }

    /** Waits, but not longer than until the sender is closed. */
    void pauseOrClose(Duration pause) throws InterruptedException {
        closed.await(pause.toMillis(), TimeUnit.MILLISECONDS);
    }

    boolean isClosed() {
        return closed.getCount() == 0;
    }

    @Override
    public void close() {
        closed.countDown();
    }

    private boolean accepted(Delivery delivery) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(door)
                .timeout(PATIENCE)
                .header("content-type", "application/json")
                .header("user-agent", "CircleCI-Webhook/1.0")
                .header("circleci-event-type", delivery.eventType())
                .header("circleci-signature", delivery.signature(secret))
                .POST(BodyPublishers.ofString(delivery.body()))
                .build();
        try {
            return client.send(request, BodyHandlers.discarding()).statusCode() / 100 == 2;
        } catch (IOException notListeningYet) {
            // Like every other answer than 2xx: CircleCI tries again later.
            return false;
        }
    }
}
