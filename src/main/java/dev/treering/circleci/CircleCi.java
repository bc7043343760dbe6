package dev.treering.circleci;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import dev.treering.circleci.CircleCiException.Kind;
import dev.treering.event.Artifact;
import dev.treering.event.Job;
import dev.treering.event.JobDetail;
import dev.treering.event.Pipeline;
import dev.treering.event.PipelineConfig;
import dev.treering.event.Project;
import dev.treering.event.TestResults;
import dev.treering.event.Workflow;
import dev.treering.support.Json;
import dev.treering.support.Traces;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.quarkus.logging.Log;
import io.quarkus.runtime.Startup;
import io.quarkus.runtime.configuration.ConfigurationException;

/** CircleCI's API v2: a method for each thing a station asks, our records out, one exception for everything that fails. */
@Startup
@Singleton
public class CircleCi {

    private static final Pattern FORWARDED =
            Pattern.compile("content-type|retry-after|(x-)?ratelimit-.*", Pattern.CASE_INSENSITIVE);
    private static final JavaType PAGE =
            Json.CIRCLECI.getTypeFactory().constructParametricType(Page.class, JsonNode.class);

    private final Transport transport;
    private final Budget budget;
    private final CircleCiConfig config;
    private final MeterRegistry meters;
    private final Timer answers;
    private final Traces traces;
    private final Clock clock;

    /** @param observedAt the answer's {@code Date}: when CircleCI said it, by its own clock */
    public record Answer<T>(T value, Instant observedAt) {}

    /** A page of a list; {@code nextPageToken} is null on the last. */
    public record Page<T>(List<T> items, String nextPageToken) {

        public Page {
            items = items == null ? List.of() : items;
        }
    }

    /**
     * @param until null or in the past when calls may be made
     * @param problem null when the last call was answered
     */
    public record Pause(Instant until, String problem) {

        /** Whether CircleCI only asked for it, as it does of everybody now and then. */
        public boolean limited() {
            return Budget.RATE_LIMITED.equals(problem);
        }
    }

    CircleCi(CircleCiConfig config, DataSource database, MeterRegistry meters, Traces traces, Clock clock) {
        // A call that begins just before half of the lease is over must end before it is another's turn.
        if (config.lease().compareTo(config.deadline().multipliedBy(2)) < 0) {
            throw new ConfigurationException(
                    "treering.circleci.lease (%s) must be at least twice treering.circleci.deadline (%s)"
                            .formatted(config.lease(), config.deadline()));
        }
        this.config = config;
        this.meters = meters;
        this.traces = traces;
        this.clock = clock;
        this.transport = new Transport(config);
        this.budget = new Budget(database, config, clock);
        this.answers = Timer.builder("treering.circleci.answers")
                .description("Time of one call, whatever came of it")
                .serviceLevelObjectives(
                        Duration.ofMillis(100), Duration.ofMillis(500), Duration.ofSeconds(2), Duration.ofSeconds(10))
                .register(meters);
        // The question asked most: so that there is a first one before the first is asked.
        requests("/workflow/{id}", "200");
        Gauge.builder("treering.circleci.limit.remaining", budget, Budget::remaining)
                .description("Calls that CircleCI says are left of the window")
                .register(meters);
        Gauge.builder("treering.circleci.pause", this, CircleCi::secondsOfPause)
                .description("Until something is asked again")
                .baseUnit("seconds")
                .register(meters);
        for (Budget.Reason reason : Budget.Reason.values()) {
            Gauge.builder("treering.circleci.paused", budget, now -> now.reason() == reason ? 1 : 0)
                    .description("Whether nothing is asked, and why")
                    .tag("reason", reason.toString())
                    .register(meters);
        }
    }

    private double secondsOfPause() {
        return Math.max(
                0, Duration.between(clock.instant(), budget.pausedUntil()).toMillis() / 1000.0);
    }

    /** Whether there is a token to ask with. */
    public boolean hasToken() {
        return config.token().filter(token -> !token.isBlank()).isPresent();
    }

    /** Whether this instance may ask now: no pause holds, and no other instance is asking. */
    public boolean mayAsk() throws SQLException {
        return hasToken() && budget.open();
    }

    /** Until when nothing is asked; in the past when something may be. */
    public Instant pausedUntil() {
        return budget.pausedUntil();
    }

    /** What CircleCI last refused or why it does not answer; null when it answers. */
    public String problem() {
        return budget.problem();
    }

    /** What any instance that asks was last told; empty when none does. */
    public Optional<Pause> lastTold() throws SQLException {
        return budget.lastTold();
    }

    /** Lets another instance ask, at once. */
    public void leaveToOthers() throws SQLException {
        budget.release();
    }

    public Answer<Workflow> workflow(UUID id) throws CircleCiException {
        return ask(type(Workflow.class), "/workflow/{id}", null, id);
    }

    /** All jobs of a workflow, over as many pages as there are. */
    public Answer<List<Job>> jobs(UUID workflowId) throws CircleCiException {
        return list(Job.class, "/workflow/{id}/job", workflowId);
    }

    public Answer<Pipeline> pipeline(UUID id) throws CircleCiException {
        return ask(type(Pipeline.class), "/pipeline/{id}", null, id);
    }

    public Answer<Pipeline> pipeline(String slug, long number) throws CircleCiException {
        return ask(type(Pipeline.class), "/project/{slug}/pipeline/{number}", null, slug, number);
    }

    /** A project's pipelines, newest first, twenty a page; what has no id or time is none. */
    public Page<Pipeline> pipelines(String slug, String pageToken) throws CircleCiException {
        Page<Pipeline> page = page(Pipeline.class, "/project/{slug}/pipeline", pageToken, slug)
                .value();
        return new Page<>(
                page.items.stream()
                        .filter(pipeline -> pipeline.id() != null && pipeline.createdAt() != null)
                        .toList(),
                page.nextPageToken);
    }

    /** All workflows of a pipeline, reruns among them. */
    public Answer<List<Workflow>> workflows(UUID pipelineId) throws CircleCiException {
        return list(Workflow.class, "/pipeline/{id}/workflow", pipelineId);
    }

    public PipelineConfig pipelineConfig(UUID id) throws CircleCiException {
        return this.<PipelineConfig>ask(type(PipelineConfig.class), "/pipeline/{id}/config", null, id)
                .value();
    }

    public Answer<Project> project(String slug) throws CircleCiException {
        return ask(type(Project.class), "/project/{slug}", null, slug);
    }

    public Answer<JobDetail> job(String slug, long number) throws CircleCiException {
        return ask(type(JobDetail.class), "/project/{slug}/job/{number}", null, slug, number);
    }

    /** A job's test results, handed over one by one: there may be very many. */
    public void tests(String slug, long number, Consumer<TestResults.Test> each) throws CircleCiException {
        pages(TestResults.Test.class, each, "/project/{slug}/{number}/tests", slug, number);
    }

    public List<Artifact> artifacts(String slug, long number) throws CircleCiException {
        return list(Artifact.class, "/project/{slug}/{number}/artifacts", slug, number)
                .value();
    }

    /** An answer as it came: its status, of its headers the type and what it says of limits, and its body. */
    public record Reply(int status, Map<String, String> headers, byte[] body) {}

    /**
     * Somebody's own call with their own token: neither our turn nor our budget, and never tried again. With the very
     * token that we use it keeps our pauses, and we hear of its limits.
     *
     * @param path below the base address, escaped
     * @param query escaped; may be empty
     * @param body JSON; null for none
     */
    public Reply forward(String method, String path, String query, byte[] body, String token) throws CircleCiException {
        boolean ours = token.equals(config.token().orElse(null));
        if (ours) {
            budget.obey();
        }
        long begun = System.nanoTime();
        try {
            Transport.Reply reply = transport.send(method, path, query, body, token);
            if (ours) {
                budget.overheard(reply.status(), reply.headers());
            }
            count("forwarded", Integer.toString(reply.status()), begun);
            Map<String, String> headers = new HashMap<>();
            reply.headers().map().forEach((name, values) -> {
                if (FORWARDED.matcher(name).matches()) {
                    headers.put(name, values.get(0));
                }
            });
            return new Reply(reply.status(), headers, reply.body());
        } catch (IOException e) {
            count("forwarded", "none", begun);
            throw new CircleCiException(Kind.UNAVAILABLE, "no answer (%s)".formatted(e.getMessage()), null, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CircleCiException(Kind.UNAVAILABLE, "interrupted", null, e);
        }
    }

    private <T> Answer<List<T>> list(Class<T> item, String path, Object... values) throws CircleCiException {
        List<T> items = new ArrayList<>();
        Instant observedAt = pages(item, items::add, path, values);
        return new Answer<>(items, observedAt);
    }

    /**
     * Follows a list to its end, which a broken server may not have; says when its first page was observed. What is longer
     * than we read is cut, and that is said.
     */
    private <T> Instant pages(Class<T> item, Consumer<T> each, String path, Object... values) throws CircleCiException {
        Instant observedAt = null;
        String pageToken = null;
        Set<String> followed = new HashSet<>();
        for (int pages = 0; pages < config.maxPages(); pages++) {
            Answer<Page<T>> page = page(item, path, pageToken, values);
            page.value.items.forEach(each);
            observedAt = observedAt == null ? page.observedAt : observedAt;
            pageToken = page.value.nextPageToken;
            if (pageToken == null) {
                return observedAt;
            }
            if (!followed.add(pageToken)) {
                throw new CircleCiException(Kind.UNREADABLE, path + " leads in a circle", null, null);
            }
        }
        Log.warnf(
                "%s of %s has more than %d pages; what stands on the others is left out",
                path, Arrays.toString(values), config.maxPages());
        return observedAt;
    }

    /** A page of a list, item by item: one that cannot be read is left out, and the others are there. */
    private <T> Answer<Page<T>> page(Class<T> item, String path, String pageToken, Object... values)
            throws CircleCiException {
        Answer<Page<JsonNode>> page = ask(PAGE, path, pageToken, values);
        List<T> items = new ArrayList<>();
        int dropped = 0;
        String reason = null;
        for (JsonNode node : page.value.items) {
            try {
                T read = Json.CIRCLECI.treeToValue(node, item);
                if (read != null) {
                    items.add(read);
                }
            } catch (JsonProcessingException | IllegalArgumentException e) {
                dropped++;
                reason = e.getMessage();
            }
        }
        if (dropped > 0) {
            Log.warnf(
                    "%s of %s: left out %d of %d items that cannot be read: %s",
                    path, Arrays.toString(values), dropped, page.value.items.size(), reason);
        }
        return new Answer<>(new Page<>(items, page.value.nextPageToken), page.observedAt);
    }

    private static JavaType type(Class<?> type) {
        return Json.CIRCLECI.constructType(type);
    }

    private <T> Answer<T> ask(JavaType type, String path, String pageToken, Object... values) throws CircleCiException {
        return traces.step("GET " + path, null, Map.of(), () -> answer(type, path, pageToken, values));
    }

    private <T> Answer<T> answer(JavaType type, String path, String pageToken, Object... values)
            throws CircleCiException {
        String token =
                config.token().orElseThrow(() -> new IllegalStateException("TREERING_CIRCLECI_TOKEN is not set"));
        budget.enter();
        Transport.Reply reply;
        long begun = System.nanoTime();
        try {
            reply = transport.get(token, path, pageToken, values);
        } catch (Transport.TooLarge e) {
            count(path, "none", begun);
            throw new CircleCiException(Kind.UNREADABLE, "%s answered %s".formatted(path, e.getMessage()), null, e);
        } catch (IOException e) {
            count(path, "none", begun);
            String message = "%s: no answer (%s)".formatted(path, e.getMessage());
            budget.failed(message, Duration.ZERO);
            throw new CircleCiException(Kind.UNAVAILABLE, message, null, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CircleCiException(Kind.UNAVAILABLE, path + " was interrupted", null, e);
        }
        count(path, Integer.toString(reply.status()), begun);
        budget.heard(reply.status(), reply.headers());
        return read(path, reply, type);
    }

    private void count(String path, String status, long begun) {
        requests(path, status).increment();
        answers.record(System.nanoTime() - begun, TimeUnit.NANOSECONDS);
    }

    private Counter requests(String path, String status) {
        return meters.counter("treering.circleci.requests", "path", path, "status", status);
    }

    private <T> Answer<T> read(String path, Transport.Reply reply, JavaType type) throws CircleCiException {
        int status = reply.status();
        if (status != 200) {
            Duration pause = Duration.between(clock.instant(), budget.pausedUntil());
            throw new CircleCiException(
                    kind(status, pause.isNegative()),
                    "%s answered %d%s".formatted(path, status, status / 100 == 3 ? ", and is not followed" : ""),
                    pause.isNegative() ? null : pause,
                    null);
        }
        try {
            T value = Json.CIRCLECI.readValue(reply.body(), type);
            if (value == null) {
                throw new CircleCiException(Kind.UNREADABLE, path + " answered null", null, null);
            }
            // Without a Date (a stub, a proxy that drops it) our clock is the best we know.
            return new Answer<>(
                    value,
                    reply.headers().firstValue("Date").flatMap(Limits::time).orElseGet(clock::instant));
        } catch (IOException e) {
            throw new CircleCiException(
                    Kind.UNREADABLE, "%s answered what we cannot read: %s".formatted(path, e.getMessage()), null, e);
        }
    }

    private static Kind kind(int status, boolean open) {
        return switch (status) {
            case 401 -> Kind.REJECTED;
            // Where the token is good otherwise, one project is not for its eyes.
            case 403 -> open ? Kind.NOT_FOUND : Kind.REJECTED;
            case 404 -> Kind.NOT_FOUND;
            case 429 -> Kind.LIMITED;
            default -> status >= 500 ? Kind.UNAVAILABLE : Kind.REFUSED;
        };
    }
}
