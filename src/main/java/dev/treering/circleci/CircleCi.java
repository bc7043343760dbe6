package dev.treering.circleci;

import java.io.IOException;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

import jakarta.inject.Singleton;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;

import com.fasterxml.jackson.databind.JavaType;
import dev.treering.circleci.CircleCiException.Kind;
import dev.treering.event.Job;
import dev.treering.event.JobDetail;
import dev.treering.event.Pipeline;
import dev.treering.event.Project;
import dev.treering.event.Workflow;
import dev.treering.support.Json;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.rest.client.reactive.QuarkusRestClientBuilder;

/** CircleCI's API v2: a method for each thing a station asks, our records out, one exception for everything that fails. */
@Singleton
public class CircleCi {

    // Absurd values occur; an hour is as long as anybody should be silent for one answer.
    private static final Duration LONGEST_PAUSE = Duration.ofHours(1);
    private static final Duration DEFAULT_PAUSE = Duration.ofSeconds(30);

    private final CircleCiApi api;
    private final CircleCiConfig config;
    private final MeterRegistry meters;
    private final Clock clock;

    /** @param observedAt the answer's {@code Date}: when CircleCI said it, by its own clock */
    public record Answer<T>(T value, Instant observedAt) {}

    /** A page of a list. */
    private record Page<T>(List<T> items, String nextPageToken) {}

    CircleCi(CircleCiConfig config, MeterRegistry meters, Clock clock) {
        this.config = config;
        this.meters = meters;
        this.clock = clock;
        // Redirects are not followed: the token must not travel to where an answer points.
        this.api = QuarkusRestClientBuilder.newBuilder()
                .baseUri(config.url())
                .connectTimeout(config.connectTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .readTimeout(config.readTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .followRedirects(false)
                .build(CircleCiApi.class);
    }

    /** Whether there is a token to ask with. */
    public boolean hasToken() {
        return config.token().filter(token -> !token.isBlank()).isPresent();
    }

    private String token() {
        return config.token().orElseThrow(() -> new IllegalStateException("TREERING_CIRCLECI_TOKEN is not set"));
    }

    public Answer<Workflow> workflow(UUID id) throws CircleCiException {
        return ask("/workflow/:id", () -> api.workflow(token(), id), type(Workflow.class));
    }

    /** All jobs of a workflow, over as many pages as there are. */
    public Answer<List<Job>> jobs(UUID workflowId) throws CircleCiException {
        return pages("/workflow/:id/job", page -> api.workflowJobs(token(), workflowId, page), Job.class);
    }

    public Answer<Pipeline> pipeline(UUID id) throws CircleCiException {
        return ask("/pipeline/:id", () -> api.pipeline(token(), id), type(Pipeline.class));
    }

    public Answer<Project> project(String slug) throws CircleCiException {
        return ask("/project/:slug", () -> api.project(token(), slug), type(Project.class));
    }

    public Answer<JobDetail> job(String slug, long number) throws CircleCiException {
        return ask("/project/:slug/job/:number", () -> api.job(token(), slug, number), type(JobDetail.class));
    }

    private <T> Answer<List<T>> pages(String path, Function<String, Response> call, Class<T> item)
            throws CircleCiException {
        JavaType type = Json.CIRCLECI.getTypeFactory().constructParametricType(Page.class, item);
        List<T> items = new ArrayList<>();
        Instant observedAt = null;
        String pageToken = null;
        for (int pages = 0; pages < config.maxPages(); pages++) {
            String asked = pageToken;
            Answer<Page<T>> page = ask(path, () -> call.apply(asked), type);
            if (page.value.items != null) {
                items.addAll(page.value.items);
            }
            observedAt = observedAt == null ? page.observedAt : observedAt;
            pageToken = page.value.nextPageToken;
            if (pageToken == null) {
                return new Answer<>(items, observedAt);
            }
        }
        throw new CircleCiException(
                Kind.UNREADABLE, "%s has more than %d pages".formatted(path, config.maxPages()), null, null);
    }

    private static JavaType type(Class<?> type) {
        return Json.CIRCLECI.constructType(type);
    }

    private <T> Answer<T> ask(String path, Supplier<Response> call, JavaType type) throws CircleCiException {
        try (Response response = call.get()) {
            meters.counter("treering.circleci.requests", "path", path, "status", Integer.toString(response.getStatus()))
                    .increment();
            return read(path, response, type);
        } catch (WebApplicationException e) {
            // The client turns an error status into an exception; its response says as much.
            meters.counter(
                            "treering.circleci.requests",
                            "path",
                            path,
                            "status",
                            Integer.toString(e.getResponse().getStatus()))
                    .increment();
            return read(path, e.getResponse(), type);
        } catch (ProcessingException e) {
            meters.counter("treering.circleci.requests", "path", path, "status", "none")
                    .increment();
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new CircleCiException(
                    Kind.UNAVAILABLE,
                    "%s: no answer (%s)".formatted(path, cause.getClass().getSimpleName()),
                    null,
                    e);
        }
    }

    private <T> Answer<T> read(String path, Response response, JavaType type) throws CircleCiException {
        int status = response.getStatus();
        if (status != 200) {
            throw new CircleCiException(kind(status), "%s answered %d".formatted(path, status), pause(response), null);
        }
        Instant observedAt = time(response.getHeaderString("Date"));
        try {
            T value = Json.CIRCLECI.readValue(response.readEntity(byte[].class), type);
            if (value == null) {
                throw new CircleCiException(Kind.UNREADABLE, path + " answered null", null, null);
            }
            // Without a Date (a stub, a proxy that drops it) our clock is the best we know.
            return new Answer<>(value, observedAt == null ? clock.instant() : observedAt);
        } catch (IOException e) {
            throw new CircleCiException(
                    Kind.UNREADABLE, "%s answered what we cannot read: %s".formatted(path, e.getMessage()), null, e);
        }
    }

    private static Kind kind(int status) {
        return switch (status) {
            case 401 -> Kind.REJECTED;
            case 403, 404 -> Kind.NOT_FOUND;
            case 429 -> Kind.LIMITED;
            default -> status >= 500 ? Kind.UNAVAILABLE : Kind.UNREADABLE;
        };
    }

    /** {@code Retry-After} in seconds or as a date; capped, and a default for a 429 that has none. */
    private Duration pause(Response response) {
        String value = response.getHeaderString("Retry-After");
        if (value == null) {
            return response.getStatus() == 429 ? DEFAULT_PAUSE : null;
        }
        Duration asked;
        try {
            asked = Duration.ofSeconds(Long.parseLong(value.strip()));
        } catch (NumberFormatException notSeconds) {
            Instant until = time(value);
            asked = until == null ? DEFAULT_PAUSE : Duration.between(clock.instant(), until);
        }
        if (asked.isNegative()) {
            return Duration.ZERO;
        }
        return asked.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : asked;
    }

    private static Instant time(String httpDate) {
        try {
            return httpDate == null
                    ? null
                    : ZonedDateTime.parse(httpDate, DateTimeFormatter.RFC_1123_DATE_TIME)
                            .toInstant();
        } catch (DateTimeException notADate) {
            return null;
        }
    }
}
