package dev.treering.status;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

import jakarta.annotation.security.RolesAllowed;
import jakarta.persistence.PersistenceException;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;

import dev.treering.audit.Checkpoints;
import dev.treering.enrichment.EnrichmentJob;
import dev.treering.history.History;
import dev.treering.history.StandstillJob;
import dev.treering.notification.DeliveryLog;
import dev.treering.outbox.Outbox;
import dev.treering.outbox.TopicsJob;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.Patience;
import dev.treering.support.Role;
import dev.treering.support.SchemaJob;
import dev.treering.support.Stages;
import dev.treering.support.TreeringConfig;
import dev.treering.webhook.Endpoints;
import org.eclipse.microprofile.config.Config;

/** {@code GET /api/status}: how each part stands, and the name of the one that does not. */
@Path("/api/status")
@Produces("application/json")
@RolesAllowed(Scope.HISTORY_READ)
public class StatusResource {

    private final Probes probes;
    private final Outbox outbox;
    private final History history;
    private final Patience patience;
    private final Stages stages;
    private final StandstillJob standstill;
    private final EnrichmentJob enrichment;
    private final DeliveryLog deliveries;
    private final TreeringConfig config;
    private final Caller caller;
    private final SchemaJob schema;
    private final TopicsJob topics;
    private final Endpoints endpoints;
    private final Checkpoints checkpoints;
    private final Config settings;

    StatusResource(
            Probes probes,
            Outbox outbox,
            History history,
            Patience patience,
            Stages stages,
            StandstillJob standstill,
            EnrichmentJob enrichment,
            DeliveryLog deliveries,
            TreeringConfig config,
            Caller caller,
            SchemaJob schema,
            TopicsJob topics,
            Endpoints endpoints,
            Checkpoints checkpoints,
            Config settings) {
        this.probes = probes;
        this.outbox = outbox;
        this.history = history;
        this.patience = patience;
        this.stages = stages;
        this.standstill = standstill;
        this.enrichment = enrichment;
        this.deliveries = deliveries;
        this.config = config;
        this.caller = caller;
        this.schema = schema;
        this.topics = topics;
        this.endpoints = endpoints;
        this.checkpoints = checkpoints;
        this.settings = settings;
    }

    /**
     * @param state {@code ok}, or {@code degraded} when a part does not do its work
     * @param failing those parts: {@code kafka}, {@code postgresql}, {@code circleci}, and the work that waits or has ended
     * @param waiting the work that waits for PostgreSQL or has ended, with its reason; {@code history} also where no worker runs in
     *     this process and none elsewhere records what Kafka has
     * @param outbox null while PostgreSQL does not answer
     * @param losses what Kafka had lost when the history came to read it; null while PostgreSQL does not answer
     * @param enrichment null while PostgreSQL does not answer, as are {@code notifications}
     * @param schema {@code current}, or what is waited for
     * @param topics settings of topics that are not as they should be
     * @param endpoints of webhooks that have a secret; null where this instance is no receiver
     * @param deadLetters facts that could not be read; null while PostgreSQL does not answer
     * @param proof how the trail is proved; null while PostgreSQL does not answer
     */
    public record Status(
            String state,
            List<String> failing,
            Set<Role> roles,
            String kafka,
            String postgresql,
            Map<String, String> waiting,
            Outbox.Backlog outbox,
            History.Losses losses,
            EnrichmentJob.Status enrichment,
            DeliveryLog.Status notifications,
            String version,
            String schema,
            List<String> topics,
            Set<String> endpoints,
            Long deadLetters,
            Checkpoints.Status proof) {}

    @GET
    public Status status() {
        caller.mustSeeAll();
        String kafka = probes.kafkaProblem();
        String database = probes.databaseProblem();
        EnrichmentJob.Status circleCi = database == null ? ask(enrichment::status) : null;
        Map<String, String> waiting = patience.waiting();
        waiting.putAll(stages.ended());
        standstill.problem().ifPresent(problem -> waiting.put("history", problem));
        List<String> failing = new ArrayList<>(waiting.keySet());
        if (kafka != null) {
            failing.add("kafka");
        }
        if (database != null) {
            failing.add("postgresql");
        }
        if (circleCi != null && circleCi.state().equals("paused")) {
            failing.add("circleci");
        }
        return new Status(
                failing.isEmpty() ? "ok" : "degraded",
                failing,
                config.roles(),
                kafka == null ? "takes writes" : kafka,
                database == null ? "takes writes" : database,
                waiting,
                database == null ? ask(outbox::backlog) : null,
                database == null ? ask(history::losses) : null,
                circleCi,
                database == null ? ask(deliveries::status) : null,
                settings.getOptionalValue("quarkus.application.version", String.class)
                        .orElse(null),
                schema.current() ? "current" : "not seen as current yet",
                topics.differences(),
                config.roles().contains(Role.RECEIVER) ? endpoints.names() : null,
                database == null ? ask(history::deadLetters) : null,
                database == null ? ask(checkpoints::status) : null);
    }

    private static <T> T ask(Patience.Work<T> question) {
        try {
            return question.run();
        } catch (SQLException | PersistenceException e) {
            // It answered a moment ago; the next question will say what is wrong.
            return null;
        }
    }
}
