package dev.treering.simulation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
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
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.treering.simulation.KnownRuns.JobOfRun;

/**
 * CircleCI's API v2, on the loopback address if not told otherwise, for the runs it was told of: it remembers the last thousand, if not told otherwise,
 * and forgets older ones, as CircleCI does. A run in progress is shown as it stands by the given clock; what has not begun is
 * in no list. Only the {@code Date} of an answer is the machine's.
 */
public final class CircleCiStub implements AutoCloseable {

    private static final String BASE = "/api/v2";
    private static final int REMEMBERED_RUNS = 1_000;
    private static final int PATHS_A_RUN = 30;
    private static final int THREADS = 4;
    private static final String ELSEWHERE = "other";

    static {
        // Else every answer waits 40 ms for the client to acknowledge its headers.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private final Clock clock;
    private final String token;
    private final HttpServer server;
    private final ExecutorService threads;
    private final List<Route> routes = List.of(
            new Route("/workflow/:id", "Workflow not found", this::workflow),
            new Route("/workflow/:id/job", "Workflow not found", this::jobs),
            new Route("/pipeline/:id", "Pipeline not found", this::pipeline),
            new Route("/pipeline/:id/workflow", "Pipeline not found", this::workflows),
            new Route("/pipeline/:id/config", "Pipeline not found", this::config),
            new Route("/project/:slug/pipeline", "Project not found", this::pipelines),
            new Route("/project/:slug/pipeline/:number", "Pipeline not found", this::pipelineByNumber),
            new Route("/project/:slug/job/:number", "Job not found", this::job),
            new Route("/project/:slug/:number/tests", "Job not found", this::tests),
            new Route("/project/:slug/:number/artifacts", "Job not found", this::artifacts),
            new Route("/project/:slug", "Project not found", this::project));

    // Guarded by this object; requests are few and short.
    private final KnownRuns runs;
    private final int rememberedPaths;
    private final Map<String, Integer> calls = new LinkedHashMap<>();
    private final Map<String, Integer> callsByRoute = new HashMap<>();
    private final Deque<Failure> failures = new ArrayDeque<>();
    private final Map<String, Failure> fixed = new HashMap<>();
    private Optional<RateLimit> limit = Optional.empty();
    private boolean down;
    private Instant forbiddenUntil = Instant.MIN;
    private int forbiddenCalls;

    /** An answer instead of the right one. */
    public record Failure(int status, Optional<Duration> retryAfter, String contentType, String body) {

        /** CircleCI's rate limit; its body is plain text. */
        public static Failure tooManyRequests(Duration retryAfter) {
            return new Failure(429, Optional.of(retryAfter), "text/plain", "Rate limited.");
        }

        /** The token is none any more. */
        public static Failure rejected() {
            return new Failure(401, Optional.empty(), "application/json", "{\"message\":\"You must log in first.\"}");
        }

        public static Failure unavailable() {
            return new Failure(503, Optional.empty(), "application/json", "{\"message\":\"Service Unavailable\"}");
        }
    }

    private record Route(String template, Pattern path, String missing, Function<Call, Optional<ObjectNode>> answer) {

        Route(String template, String missing, Function<Call, Optional<ObjectNode>> answer) {
            this(
                    template,
                    Pattern.compile(template.replace(":id", "([^/]+)")
                            .replace(":slug", "([^/]+/[^/]+/[^/]+)")
                            .replace(":number", "(\\d{1,18})")),
                    missing,
                    answer);
        }
    }

    private record Call(Route route, MatchResult path, Map<String, String> query) {

        String first() {
            return path.group(1);
        }

        long number() {
            return Long.parseLong(path.group(2));
        }

        Optional<String> pageToken() {
            return Optional.ofNullable(query.get("page-token"));
        }
    }

    private CircleCiStub(String token, Clock clock, HttpServer server, int rememberedRuns) {
        this.token = token;
        this.clock = clock;
        this.server = server;
        this.runs = new KnownRuns(rememberedRuns);
        this.rememberedPaths = rememberedRuns * PATHS_A_RUN;
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
        return start(token, clock, REMEMBERED_RUNS);
    }

    /** The same, for a longer or shorter memory. */
    public static CircleCiStub start(String token, Clock clock, int rememberedRuns) {
        return start(token, clock, rememberedRuns, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    /** The same on an address of your own, for those who are elsewhere. */
    public static CircleCiStub start(String token, Clock clock, InetSocketAddress address) {
        return start(token, clock, REMEMBERED_RUNS, address);
    }

    private static CircleCiStub start(String token, Clock clock, int rememberedRuns, InetSocketAddress address) {
        try {
            HttpServer server = HttpServer.create(address, 0);
            CircleCiStub stub = new CircleCiStub(token, clock, server, rememberedRuns);
            server.start();
            return stub;
        } catch (IOException e) {
            throw new UncheckedIOException("The stub of CircleCI's API cannot listen on " + address, e);
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
        runs.add(run);
    }

    /** The next calls get this answer, whatever they ask. */
    public synchronized void failNext(int howMany, Failure failure) {
        for (int call = 0; call < howMany; call++) {
            failures.addLast(failure);
        }
    }

    /** From now on this path, or only that page of it ({@code …?page-token=x}), gets this answer. */
    public synchronized void answer(String path, Failure failure) {
        fixed.put(path, failure);
    }

    /** From now on this path gets the right answer again. */
    public synchronized void answerRightly(String path) {
        fixed.remove(path);
    }

    /** From now on a window allows so many calls, and every answer tells what is left of it. */
    public synchronized void limit(int calls, Duration window) {
        limit = Optional.of(new RateLimit(calls, window));
    }

    public synchronized void unlimited() {
        limit = Optional.empty();
    }

    /** While it is down, every call gets a 503. */
    public synchronized void down(boolean isDown) {
        down = isDown;
    }

    /** How often each path was asked, refused calls included: {@code /workflow/{id}}, {@code /project/gh/acme/web/job/7}. */
    public synchronized Map<String, Integer> calls() {
        return Map.copyOf(calls);
    }

    public synchronized int calls(String path) {
        return calls.getOrDefault(path, 0);
    }

    /** The same by kind: {@code /workflow/:id}, {@code /project/:slug/job/:number}; {@code other} for what does not exist. */
    public synchronized Map<String, Integer> callsByRoute() {
        return Map.copyOf(callsByRoute);
    }

    public synchronized int totalCalls() {
        return callsByRoute.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** Calls that came after a 429 and before its {@code Retry-After} was over, by the stub's clock. */
    public synchronized int forbiddenCalls() {
        return forbiddenCalls;
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = path(exchange.getRequestURI());
            Optional<Call> call = call(path, exchange.getRequestURI());
            Optional<Failure> refusal = admit(path, call, exchange.getResponseHeaders());
            if (refusal.isPresent()) {
                fail(exchange, refusal.get());
            } else if (!token.equals(exchange.getRequestHeaders().getFirst("Circle-Token"))) {
                message(exchange, 401, "You must log in first.");
            } else if (!exchange.getRequestMethod().equals("GET")) {
                message(exchange, 405, "Method Not Allowed");
            } else if (call.isEmpty()) {
                message(exchange, 404, "Not Found");
            } else {
                answer(exchange, call.get());
            }
        }
    }

    private Optional<Call> call(String path, URI request) {
        for (Route route : routes) {
            Matcher matcher = route.path().matcher(path);
            if (matcher.matches()) {
                return Optional.of(new Call(route, matcher.toMatchResult(), query(request)));
            }
        }
        return Optional.empty();
    }

    /** Counts a call and says how it is refused, if it is. */
    private synchronized Optional<Failure> admit(String path, Optional<Call> call, Headers answer) {
        Instant now = clock.instant();
        count(path);
        callsByRoute.merge(call.map(known -> known.route().template()).orElse(ELSEWHERE), 1, Integer::sum);
        if (now.isBefore(forbiddenUntil)) {
            forbiddenCalls++;
        }
        Optional<Failure> limited =
                limit.filter(known -> !known.take(now)).map(known -> Failure.tooManyRequests(known.reset(now)));
        limit.ifPresent(known -> known.tell(answer, now));
        Optional<Failure> refusal = down
                ? Optional.of(Failure.unavailable())
                : Optional.ofNullable(failures.pollFirst())
                        .or(() -> limited)
                        .or(() -> call.flatMap(Call::pageToken).map(token -> fixed.get(path + "?page-token=" + token)))
                        .or(() -> Optional.ofNullable(fixed.get(path)));
        refusal.filter(failure -> failure.status() == 429)
                .flatMap(Failure::retryAfter)
                // What the header tells, in whole seconds.
                .map(pause -> now.plusSeconds(pause.toSeconds()))
                .filter(forbiddenUntil::isBefore)
                .ifPresent(until -> forbiddenUntil = until);
        return refusal;
    }

    private void count(String path) {
        // Made-up paths must not fill the memory of a demo that runs for weeks.
        if (calls.size() >= rememberedPaths && !calls.containsKey(path)) {
            calls.remove(calls.keySet().iterator().next());
        }
        calls.merge(path, 1, Integer::sum);
    }

    private void answer(HttpExchange exchange, Call call) throws IOException {
        try {
            Optional<ObjectNode> found = find(call);
            if (found.isPresent()) {
                send(
                        exchange,
                        200,
                        "application/json;charset=utf-8",
                        found.get().toString());
            } else {
                message(exchange, 404, call.route().missing());
            }
        } catch (IllegalArgumentException notOurToken) {
            message(exchange, 400, "Invalid page-token");
        }
    }

    private synchronized Optional<ObjectNode> find(Call call) {
        return call.route().answer().apply(call);
    }

    private Optional<ObjectNode> workflow(Call call) {
        return runs.workflow(call.first()).map(at -> ApiBodies.workflow(at.run(), at.workflow(), clock.instant()));
    }

    private Optional<ObjectNode> jobs(Call call) {
        return runs.workflow(call.first()).map(at -> ApiBodies.jobs(at.run(), at.workflow(), clock.instant()));
    }

    private Optional<ObjectNode> pipeline(Call call) {
        return runs.run(call.first()).map(ApiBodies::pipeline);
    }

    private Optional<ObjectNode> workflows(Call call) {
        Instant now = clock.instant();
        return runs.run(call.first())
                .map(run -> Pages.page(
                        Pages.numbered(run.workflows()).descendingMap(),
                        workflow -> !workflow.createdAt().isAfter(now),
                        workflow -> ApiBodies.workflow(run, workflow, now),
                        call.pageToken()));
    }

    private Optional<ObjectNode> config(Call call) {
        return runs.run(call.first()).map(ApiBodies::config);
    }

    private Optional<ObjectNode> pipelines(Call call) {
        Instant now = clock.instant();
        Optional<String> branch = Optional.ofNullable(call.query().get("branch"));
        return runs.runsOf(call.first())
                .map(known -> Pages.page(
                        known,
                        run -> run.begunBy(now)
                                && branch.filter(other -> !run.commit().branch().equals(other))
                                        .isEmpty(),
                        ApiBodies::pipeline,
                        call.pageToken()));
    }

    private Optional<ObjectNode> pipelineByNumber(Call call) {
        return runs.runsOf(call.first())
                .map(known -> known.get(call.number()))
                .filter(run -> run.begunBy(clock.instant()))
                .map(ApiBodies::pipeline);
    }

    private Optional<ObjectNode> job(Call call) {
        return jobOf(call).map(at -> ApiBodies.jobDetails(at.run(), at.workflow(), at.job(), clock.instant()));
    }

    private Optional<ObjectNode> tests(Call call) {
        return jobOf(call)
                .map(at -> Pages.page(ApiBodies.tests(at.run(), at.job(), clock.instant()), call.pageToken()));
    }

    private Optional<ObjectNode> artifacts(Call call) {
        return jobOf(call).map(at -> Pages.page(ApiBodies.artifacts(at.job(), clock.instant()), call.pageToken()));
    }

    private Optional<JobOfRun> jobOf(Call call) {
        return runs.job(call.first(), call.number());
    }

    private Optional<ObjectNode> project(Call call) {
        return runs.project(call.first()).map(ApiBodies::project);
    }

    private static Map<String, String> query(URI request) {
        Map<String, String> query = new HashMap<>();
        String text = Optional.ofNullable(request.getRawQuery()).orElse("");
        for (String pair : text.split("&")) {
            String[] sides = pair.split("=", 2);
            query.put(sides[0], sides.length < 2 ? "" : URLDecoder.decode(sides[1], StandardCharsets.UTF_8));
        }
        return query;
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
