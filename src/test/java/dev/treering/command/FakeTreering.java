package dev.treering.command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CopyOnWriteArrayList;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Answers what a test has laid ready, in that order, and remembers what it was asked. */
final class FakeTreering implements AutoCloseable {

    static final String ID = "0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10";

    private final HttpServer server;
    private final Queue<Answer> answers = new ArrayDeque<>();
    private final List<Asked> asked = new CopyOnWriteArrayList<>();

    record Asked(String request, String token, String body) {}

    /** @param missing bytes that are promised and never come */
    private record Answer(int status, String body, String location, int missing) {}

    FakeTreering() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/", this::answer);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    FakeTreering says(int status, String body) {
        answers.add(new Answer(status, body, null, 0));
        return this;
    }

    FakeTreering breaksOffAfter(String body) {
        answers.add(new Answer(200, body, null, 10));
        return this;
    }

    FakeTreering redirectsTo(String location) {
        answers.add(new Answer(307, "", location, 0));
        return this;
    }

    /** A problem as the REST API's doors answer it. */
    FakeTreering refuses(int status, String detail) {
        return says(status, """
                {"type": "about:blank", "title": "Refused", "status": %d, "detail": "%s", "instance": "/api"}""".formatted(status, detail));
    }

    /** A backfill of a hundred tasks in four pipelines, so many of which are done. */
    FakeTreering tells(int status, String state, int done, int givenUp) {
        boolean running = state.equals("running");
        return says(status, """
                {"id": "%s", "project_slug": "gh/acme/web", "since": "2026-10-25T00:00:00Z",
                 "until": "2026-11-24T10:00:00Z", "state": "%s", "problem": %s, "pipelines": 4, "done": %d,
                 "pending": %d, "given_up": %d, "progress": %s, "per_second": 12.5, "eta_seconds": %s,
                 "started_at": "2026-11-24T10:00:00Z", "finished_at": %s, "of_a_later_version": true}""".formatted(
                        ID,
                        state,
                        state.equals("failed") ? "\"CircleCI rejects\\u001b[31m the token\"" : null,
                        done,
                        100 - done - givenUp,
                        givenUp,
                        (done + givenUp) / 100.0,
                        running ? 95 : null,
                        running ? null : "\"2026-11-24T10:05:00Z\""));
    }

    List<Asked> asked() {
        return asked;
    }

    List<String> requests() {
        return asked.stream().map(Asked::request).toList();
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            asked.add(new Asked(
                    exchange.getRequestMethod() + " " + exchange.getRequestURI(),
                    exchange.getRequestHeaders().getFirst("Circle-Token"),
                    new String(exchange.getRequestBody().readAllBytes(), UTF_8)));
            Answer answer = answers.isEmpty() ? new Answer(418, "nothing was laid ready", null, 0) : answers.remove();
            if (answer.location() != null) {
                exchange.getResponseHeaders().add("Location", answer.location());
            }
            byte[] body = answer.body().getBytes(UTF_8);
            exchange.sendResponseHeaders(answer.status(), body.length == 0 ? -1 : body.length + answer.missing());
            exchange.getResponseBody().write(body);
        }
    }
}
