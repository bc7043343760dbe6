package dev.treering.audit;

import java.lang.reflect.Method;
import java.time.Clock;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;

import jakarta.annotation.security.PermitAll;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ResourceInfo;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.treering.event.Act;
import dev.treering.event.CloudEvent;
import dev.treering.outbox.Outbox;
import dev.treering.outbox.Publisher;
import dev.treering.security.Caller;
import dev.treering.support.Json;
import dev.treering.support.Origin;
import dev.treering.support.Problem;
import io.quarkus.logging.Log;
import io.vertx.ext.web.RoutingContext;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;

/**
 * Records what people have Treering do: every request that changes something, by whom and from where, before it is done and
 * after. What cannot be recorded is not done. Whoever may not do it is refused before this is asked.
 */
@ApplicationScoped // made at the first request: filters are wired at build time, before there are settings
class ActsFilter {

    private static final Set<String> CHANGING = Set.of("POST", "PUT", "PATCH", "DELETE");
    private static final String PROPERTY = "treering.act";
    // After the other filters: what they refuse is not begun.
    private static final int LAST = Priorities.USER + 1_000;

    private final Publisher kafka;
    private final Outbox outbox;
    private final Caller caller;
    private final RoutingContext routing;
    private final Clock clock;

    ActsFilter(Publisher kafka, Outbox outbox, Caller caller, RoutingContext routing, Clock clock) {
        this.kafka = kafka;
        this.outbox = outbox;
        this.caller = caller;
        this.routing = routing;
        this.clock = clock;
    }

    @ServerRequestFilter(priority = LAST)
    void begin(ContainerRequestContext request, ResourceInfo door) throws InterruptedException {
        // Not by its path: that can be written in many ways.
        if (!CHANGING.contains(request.getMethod()) || isOpenToEverybody(door)) {
            return;
        }
        Act act = new Act(
                UUID.randomUUID(),
                clock.instant(),
                caller.name(),
                caller.id(),
                Origin.of(routing.request()),
                request.getMethod(),
                routing.normalizedPath(),
                operation(door.getResourceMethod()),
                dryRun(request, door.getResourceMethod()),
                null);
        try {
            keep(act).get();
        } catch (ExecutionException e) {
            Log.warnf("%s %s was not done, for it cannot be recorded: %s", act.method(), act.path(), e.getMessage());
            throw new Problem(
                    503, "Neither Kafka nor PostgreSQL took the record of this, so it was not done; try again");
        }
        request.setProperty(PROPERTY, act);
    }

    @ServerResponseFilter
    void end(ContainerRequestContext request, ContainerResponseContext response) throws InterruptedException {
        if (request.getProperty(PROPERTY) instanceof Act act) {
            try {
                keep(act.ended(clock.instant(), response.getStatus())).get();
            } catch (ExecutionException e) {
                // It is done, and that it was begun is known.
                Log.warnf("How act %s ended (%d) is not recorded: %s", act.id(), response.getStatus(), e.getMessage());
            }
        }
    }

    // Such a door does nothing: those of API v1 tell their successors.
    private static boolean isOpenToEverybody(ResourceInfo door) {
        return door.getResourceMethod().isAnnotationPresent(PermitAll.class)
                || door.getResourceClass().isAnnotationPresent(PermitAll.class);
    }

    /** Whether it was only to be planned; null where there is no such choice. */
    private static Boolean dryRun(ContainerRequestContext request, Method door) {
        boolean choice = Stream.of(door.getParameters())
                .map(parameter -> parameter.getAnnotation(RestQuery.class))
                .anyMatch(query -> query != null && query.value().equals("dry_run"));
        return choice ? "true".equals(request.getUriInfo().getQueryParameters().getFirst("dry_run")) : null;
    }

    private static String operation(Method door) {
        return door.getDeclaringClass().getSimpleName().replaceFirst("Resource$", "") + "_" + door.getName();
    }

    /** Completes when one of the stores has it for good, as a webhook does. */
    private CompletableFuture<Void> keep(Act act) {
        CloudEvent event = CloudEvent.of(act, json(act));
        return kafka.healthy()
                ? kafka.publish(event).exceptionallyCompose(failure -> outbox.store(event))
                : outbox.store(event).exceptionallyCompose(failure -> kafka.publish(event));
    }

    private static byte[] json(Act act) {
        try {
            return Json.CIRCLECI.writeValueAsBytes(act);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an act is ours and always JSON", e);
        }
    }
}
