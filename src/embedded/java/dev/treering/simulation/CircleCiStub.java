package dev.treering.simulation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

/**
 * CircleCI's API v2 on the loopback address, for the runs it was told of: it remembers the last thousand and forgets older
 * ones, as CircleCI does. A run in progress is shown as it stands by the given clock.
 */
public final class CircleCiStub implements AutoCloseable {

    private static final String BASE = "/api/v2";
    private static final int REMEMBERED_RUNS = 1_000;
    private static final int REMEMBERED_PATHS = 10_000;
    private static final int THREADS = 4;

    static {
        // Else every answer waits 40 ms for the client to acknowledge its headers.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private final Clock clock;
    private final String token;
    private final HttpServer server;
    private final ExecutorService threads;
    private final List<Route> routes = List.of(
            new Route("/workflow/([^/]+)", "Workflow not found", this::workflow),
            new Route("/workflow/([^/]+)/job", "Workflow not found", this::jobs),
            new Route("/pipeline/([^/]+)", "Pipeline not found", this::pipeline),
            new Route("/project/([^/]+/[^/]+/[^/]+)/job/(\\d{1,18})", "Job not found", this::job),
            new Route("/project/([^/]+/[^/]+/[^/]+)", "Project not found", this::project));

    // Guarded by this object; requests are few and short.
    private final Deque<Run> runs = new ArrayDeque<>();
    private final Map<String, Project> projects = new LinkedHashMap<>();
    private final Map<String, Integer> calls = new LinkedHashMap<>();
    private final Deque<Failure> failures = new ArrayDeque<>();

    /** An answer instead of the right one. */
    public record Failure(int status, Optional<Duration> retryAfter, String contentType, String body) {

        /** CircleCI's rate limit; its body is plain text. */
        public static Failure tooManyRequests(Duration retryAfter) {
            return new Failure(429, Optional.of(retryAfter), "text/plain", "Rate limited.");
        }

        public static Failure unavailable() {
            return new Failure(503, Optional.empty(), "application/json", "{\"message\":\"Service Unavailable\"}");
        }
    }

    private record Route(Pattern path, String missing, Function<MatchResult, Optional<ObjectNode>> answer) {

        Route(String path, String missing, Function<MatchResult, Optional<ObjectNode>> answer) {
            this(Pattern.compile(path), missing, answer);
        }
    }

    private CircleCiStub(String token, Clock clock, HttpServer server) {
        this.token = token;
        this.clock = clock;
        this.server = server;
        this.threads = Executors.newFixedThreadPool(THREADS, task -> {
            Thread thread = new Thread(task, "circleci-stub");
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(threads);
        server.createContext("/", this::handle);
    }

    /** Starts on any free port; the token is the one it accepts. */
    public static CircleCiStub start(String token, Clock clock) {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
            CircleCiStub stub = new CircleCiStub(token, clock, server);
            server.start();
            return stub;
        } catch (IOException e) {
            throw new UncheckedIOException("The stub of CircleCI's API cannot listen on the loopback address.", e);
        }
    }

    /** What belongs into {@code treering.circleci.url}. */
    public URI url() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + BASE);
    }

    public String token() {
        return token;
    }

    /** From now on the API knows this run; the oldest is forgotten when there are too many. */
    public synchronized void register(Run run) {
        projects.put(run.project().slug(), run.project());
        runs.addFirst(run);
        if (runs.size() > REMEMBERED_RUNS) {
            runs.removeLast();
        }
    }

    /** The next calls get this answer, whatever they ask. */
    public synchronized void failNext(int howMany, Failure failure) {
        for (int call = 0; call < howMany; call++) {
            failures.addLast(failure);
        }
    }

    /** How often each path was asked, refused calls included: {@code /workflow/{id}}, {@code /project/gh/acme/web/job/7}. */
    public synchronized Map<String, Integer> calls() {
        return Map.copyOf(calls);
    }

    public synchronized int calls(String path) {
        return calls.getOrDefault(path, 0);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = path(exchange.getRequestURI());
            Optional<Failure> failure = count(path);
            if (failure.isPresent()) {
                fail(exchange, failure.get());
            } else if (!token.equals(exchange.getRequestHeaders().getFirst("Circle-Token"))) {
                message(exchange, 401, "You must log in first.");
            } else if (!exchange.getRequestMethod().equals("GET")) {
                message(exchange, 405, "Method Not Allowed");
            } else {
                answer(exchange, path);
            }
        }
    }

    private void answer(HttpExchange exchange, String path) throws IOException {
        for (Route route : routes) {
            Matcher matcher = route.path().matcher(path);
            if (matcher.matches()) {
                Optional<ObjectNode> found = route.answer().apply(matcher.toMatchResult());
                if (found.isPresent()) {
                    send(
                            exchange,
                            200,
                            "application/json;charset=utf-8",
                            found.get().toString());
                } else {
                    message(exchange, 404, route.missing());
                }
                return;
            }
        }
        message(exchange, 404, "Not Found");
    }

    private Optional<ObjectNode> workflow(MatchResult path) {
        return findWorkflow(path.group(1)).map(at -> ApiBodies.workflow(at.run(), at.workflow(), clock.instant()));
    }

    private Optional<ObjectNode> jobs(MatchResult path) {
        return findWorkflow(path.group(1)).map(at -> ApiBodies.jobs(at.run(), at.workflow(), clock.instant()));
    }

    private Optional<ObjectNode> pipeline(MatchResult path) {
        return known().stream()
                .filter(run -> run.id().toString().equals(path.group(1)))
                .findFirst()
                .map(ApiBodies::pipeline);
    }

    private Optional<ObjectNode> job(MatchResult path) {
        long number = Long.parseLong(path.group(2));
        for (Run run : known()) {
            if (run.project().slug().equals(path.group(1))) {
                for (Workflow workflow : run.workflows()) {
                    for (Job job : workflow.jobs()) {
                        if (job.number().isPresent() && job.number().getAsLong() == number) {
                            return Optional.of(ApiBodies.jobDetails(run, workflow, job, clock.instant()));
                        }
                    }
                }
            }
        }
        return Optional.empty();
    }

    private synchronized Optional<ObjectNode> project(MatchResult path) {
        return Optional.ofNullable(projects.get(path.group(1))).map(ApiBodies::project);
    }

    private Optional<Place> findWorkflow(String id) {
        return known().stream()
                .flatMap(run -> run.workflows().stream().map(workflow -> new Place(run, workflow)))
                .filter(place -> place.workflow().id().toString().equals(id))
                .findFirst();
    }

    private record Place(Run run, Workflow workflow) {}

    private synchronized List<Run> known() {
        return List.copyOf(runs);
    }

    private synchronized Optional<Failure> count(String path) {
        // Made-up paths must not fill the memory of a demo that runs for weeks.
        if (calls.size() >= REMEMBERED_PATHS && !calls.containsKey(path)) {
            calls.remove(calls.keySet().iterator().next());
        }
        calls.merge(path, 1, Integer::sum);
        return Optional.ofNullable(failures.pollFirst());
    }

    /** Without the base, with the slug's long and short and escaped spellings made one. */
    private static String path(URI request) {
        String path = request.getPath();
        String inside = path.startsWith(BASE) ? path.substring(BASE.length()) : path;
        return inside.replaceFirst("^/project/github/", "/project/gh/")
                .replaceFirst("^/project/bitbucket/", "/project/bb/");
    }

    private static void fail(HttpExchange exchange, Failure failure) throws IOException {
        failure.retryAfter()
                .ifPresent(pause -> exchange.getResponseHeaders().set("Retry-After", Long.toString(pause.toSeconds())));
        send(exchange, failure.status(), failure.contentType(), failure.body());
    }

    private static void message(HttpExchange exchange, int status, String message) throws IOException {
        ObjectNode body = JsonNodeFactory.instance.objectNode().put("message", message);
        send(exchange, status, "application/json;charset=utf-8", body.toString());
    }

    private static void send(HttpExchange exchange, int status, String contentType, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", contentType);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }
}
