package dev.treering.live;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.restassured.RestAssured;

import static java.nio.charset.StandardCharsets.UTF_8;

/** A client of {@code /api/stream} that reads all it gets, by the rules of server-sent events. */
final class Listener implements AutoCloseable {

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final HttpResponse<InputStream> response;
    private final List<Told> told = new CopyOnWriteArrayList<>();
    private final List<String> comments = new CopyOnWriteArrayList<>();
    private volatile String lastId;
    private volatile boolean ended;

    record Told(String event, String id, String data) {}

    /** @param lastEventId null at the first time */
    Listener(String query, String token, String lastEventId) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://localhost:%d/api/stream%s".formatted(RestAssured.port, query)))
                .header("Authorization", "Bearer " + token);
        if (lastEventId != null) {
            request.header("Last-Event-ID", lastEventId);
        }
        response = HTTP.send(request.build(), BodyHandlers.ofInputStream());
        Thread reader = new Thread(this::read, "listener");
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(response.body(), UTF_8))) {
            String event = "message";
            String data = null;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(":")) {
                    comments.add(line.substring(1).strip());
                } else if (line.startsWith("event: ")) {
                    event = line.substring(7);
                } else if (line.startsWith("data: ")) {
                    data = line.substring(6);
                } else if (line.startsWith("id: ")) {
                    lastId = line.substring(4);
                } else if (line.isEmpty()) {
                    if (data != null) {
                        told.add(new Told(event, lastId, data));
                    }
                    event = "message";
                    data = null;
                }
            }
        } catch (IOException cut) {
            // As the end of the stream is.
        }
        ended = true;
    }

    HttpResponse<InputStream> response() {
        return response;
    }

    List<Told> told() {
        return told;
    }

    List<String> names() {
        return told.stream()
                .map(event -> event.data().replaceAll(".*\"name\":\"([^\"]*)\".*", "$1"))
                .toList();
    }

    List<String> comments() {
        return comments;
    }

    String lastId() {
        return lastId;
    }

    boolean ended() {
        return ended;
    }

    @Override
    public void close() throws IOException {
        response.body().close();
    }
}
