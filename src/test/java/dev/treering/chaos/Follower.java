package dev.treering.chaos;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

/** One client of {@code /api/stream} that comes again with its last id, as a browser does, whatever happens to the instance. */
final class Follower implements AutoCloseable {

    private static final Pattern IDS = Pattern.compile("\"id\":\"([^\"]*)\".*\"entity_id\":\"([^\"]*)\"");

    private final URI address;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(1))
            .build();
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final Map<String, Long> arrivals = new ConcurrentHashMap<>();
    private final Thread thread = new Thread(this::follow, "follower");
    private volatile String firstId;
    private volatile String lastId;
    private volatile int resets;
    private volatile boolean closed;

    Follower(int port, String query) {
        address = URI.create("http://%s:%d/api/stream%s".formatted(Ports.LOOPBACK, port, query));
        thread.setDaemon(true);
        thread.start();
        await("the stream begins").atMost(Duration.ofSeconds(20)).until(() -> firstId != null);
    }

    private void follow() {
        while (!closed) {
            try {
                HttpRequest.Builder request = HttpRequest.newBuilder(address).header("Circle-Token", Instance.TOKEN);
                if (lastId != null) {
                    request.header("Last-Event-ID", lastId);
                }
                var answer = http.send(request.build(), BodyHandlers.ofInputStream());
                read(new BufferedReader(new InputStreamReader(answer.body(), UTF_8)));
            } catch (IOException cut) {
                LockSupport.parkNanos(100_000_000);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    // The id stands behind the data; what was cut before its blank line does not count.
    private void read(BufferedReader lines) throws IOException {
        String event = "";
        String data = null;
        String id = lastId;
        for (Iterator<String> each = lines.lines().iterator(); !closed && hasNext(each); ) {
            String line = each.next();
            if (line.startsWith("event: ")) {
                event = line;
            } else if (line.startsWith("data: ")) {
                data = line;
            } else if (line.startsWith("id: ")) {
                id = line.substring(4);
            } else if (line.isEmpty()) {
                lastId = id;
                firstId = firstId == null ? id : firstId;
                if (event.equals("event: reset")) {
                    resets++;
                } else if (data != null) {
                    arrived(data);
                }
                event = "";
                data = null;
            }
        }
    }

    private static boolean hasNext(Iterator<String> lines) throws IOException {
        try {
            return lines.hasNext();
        } catch (java.io.UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private void arrived(String data) {
        Matcher ids = IDS.matcher(data);
        if (ids.find()) {
            events.add(ids.group(1));
            arrivals.putIfAbsent(ids.group(2), System.nanoTime());
        }
    }

    /** The ids of all events, in order. */
    List<String> events() {
        return events;
    }

    /** Where it began. */
    String firstId() {
        return firstId;
    }

    int resets() {
        return resets;
    }

    /** When this entity was first told of; waits for that. */
    long arrival(String entity) {
        await("the stream tells of " + entity)
                .atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(5))
                .pollDelay(Duration.ZERO)
                .until(() -> arrivals.containsKey(entity));
        return arrivals.get(entity);
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
