package dev.treering.command;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import dev.treering.support.Json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

/** One Treering, by its REST API. Whatever goes wrong is a {@link Failure}. */
final class Service {

    private static final int CALL_TIMEOUT_SECONDS = 15;
    private static final int LONGEST_SILENCE_SECONDS = 60;
    private static final int LONGEST_MESSAGE = 500;
    private static final int LONGEST_PROBLEM = 64 * 1024;

    private final String url;
    private final Optional<String> token;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            // The token goes to no other host.
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    Service(String url, Optional<String> token) {
        this.url = url;
        this.token = token;
    }

    /** @param body null where there is none */
    <T> T ask(String method, String path, Object body, Class<T> type) throws InterruptedException {
        HttpRequest.Builder request = request(path)
                .header("Content-Type", "application/json")
                .method(
                        method,
                        body == null
                                ? BodyPublishers.noBody()
                                : BodyPublishers.ofString(
                                        Json.CIRCLECI.valueToTree(body).toString()));
        // The client's own timeout ends with the head of an answer; this one holds for the whole of it.
        HttpResponse<byte[]> answer = send(request, BodyHandlers.ofByteArray());
        return read(answer.statusCode(), answer.body(), type);
    }

    /** What such an answer says; one that is not Treering's is told as that. */
    <T> T read(JsonNode answer, Class<T> type) {
        return read(200, answer.toString().getBytes(UTF_8), type);
    }

    /** An answer of any length, as it comes. That it broke off is an {@link IOException} amid it. */
    InputStream open(String path) throws InterruptedException, IOException {
        HttpResponse<InputStream> answer = send(request(path), BodyHandlers.ofInputStream());
        if (answer.statusCode() != 200) {
            try (InputStream body = answer.body()) {
                read(answer.statusCode(), body.readNBytes(LONGEST_PROBLEM), Said.class);
            }
        }
        return answer.body();
    }

    /** Asks for an answer that comes a line of JSON at a time, for as long as it takes; the last line. */
    JsonNode lines(String path, Consumer<JsonNode> each) throws InterruptedException {
        HttpResponse<Stream<String>> answer = send(request(path), BodyHandlers.ofLines());
        if (answer.statusCode() != 200) {
            return read(answer.statusCode(), answer.body().collect(joining()).getBytes(UTF_8), JsonNode.class);
        }
        BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();
        Thread reader = new Thread(() -> {
            try {
                answer.body().forEach(line -> lines.add(Optional.of(line)));
            } catch (UncheckedIOException e) {
                // It broke off; what is missing then is told below.
            } finally {
                lines.add(Optional.empty());
            }
        });
        reader.setDaemon(true);
        reader.start();
        JsonNode last = null;
        while (true) {
            Optional<String> line = lines.poll(LONGEST_SILENCE_SECONDS, TimeUnit.SECONDS);
            if (line == null) {
                throw unreachable("silent for " + LONGEST_SILENCE_SECONDS + " s");
            }
            if (line.isEmpty()) {
                break;
            }
            last = read(200, line.get().getBytes(UTF_8), JsonNode.class);
            each.accept(last);
        }
        if (last == null || last.path("state").asText().equals("running")) {
            throw unreachable("the answer broke off");
        }
        return last;
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path));
        token.ifPresent(text -> request.header("Circle-Token", text));
        return request;
    }

    private <T> HttpResponse<T> send(HttpRequest.Builder request, BodyHandler<T> body) throws InterruptedException {
        CompletableFuture<HttpResponse<T>> answer = http.sendAsync(request.build(), body);
        try {
            return answer.get(CALL_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw unreachable("no answer within " + CALL_TIMEOUT_SECONDS + " s");
        } catch (ExecutionException e) {
            throw unreachable(e.getCause().getMessage());
        }
    }

    private Failure unreachable(String reason) {
        return new Failure(
                true,
                "Treering cannot be reached at %s%s. Does it run? If it runs elsewhere, set TREERING_URL or --url.",
                url,
                reason == null ? "" : " (" + oneLine(reason) + ")");
    }

    private <T> T read(int status, byte[] answer, Class<T> type) {
        if (status == 204) {
            return null;
        }
        if (status / 100 == 2) {
            return parse(answer, type)
                    .orElseThrow(() -> new Failure(
                            false, "%s answers, but not as Treering does. Check TREERING_URL or --url.", url));
        }
        if (status == 401) {
            String refusal = token.isPresent() ? "does not accept the token" : "asks for a token";
            throw new Failure(false, "%s %s. Set TREERING_TOKEN to one it knows.", url, refusal);
        }
        String said = parse(answer, Said.class)
                .map(problem -> problem.detail() == null ? problem.title() : problem.detail())
                .map(Service::oneLine)
                .orElse("Not an answer of Treering's role api. Check TREERING_URL or --url");
        throw new Failure(status >= 500 || status == 429, "%s (%d from %s)", said, status, url);
    }

    private static <T> Optional<T> parse(byte[] answer, Class<T> type) {
        try {
            return Optional.ofNullable(Json.CIRCLECI.readValue(answer, type));
        } catch (IOException notOurs) {
            return Optional.empty();
        }
    }

    /** What others wrote may hold what moves a terminal's cursor. */
    static String oneLine(String text) {
        String line = text.replaceAll("[\\p{Cntrl}\\p{Cf}]+", " ").strip();
        return line.length() <= LONGEST_MESSAGE ? line : line.substring(0, LONGEST_MESSAGE) + "...";
    }

    /** A problem of RFC 9457. */
    private record Said(String title, String detail) {}
}
