package dev.treering.status;

import java.sql.SQLException;
import java.util.Set;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;

import dev.treering.enrichment.EnrichmentJob;
import dev.treering.outbox.Outbox;
import dev.treering.support.Role;
import dev.treering.support.TreeringConfig;

/** {@code GET /api/status}: how each part stands, and the name of the one that does not. */
@Path("/api/status")
@Produces("application/json")
@RolesAllowed("admin")
public class StatusResource {

    private final Probes probes;
    private final Outbox outbox;
    private final EnrichmentJob enrichment;
    private final TreeringConfig config;

    StatusResource(Probes probes, Outbox outbox, EnrichmentJob enrichment, TreeringConfig config) {
        this.probes = probes;
        this.outbox = outbox;
        this.enrichment = enrichment;
        this.config = config;
    }

    /**
     * @param state {@code ok}, or {@code degraded} when a part does not do its work
     * @param outbox null while PostgreSQL does not answer
     */
    public record Status(
            String state,
            Set<Role> roles,
            String kafka,
            String postgresql,
            Outbox.Backlog outbox,
            EnrichmentJob.Status enrichment) {}

    @GET
    public Status status() {
        boolean kafka = probes.kafkaTakesWrites();
        String database = probes.databaseProblem();
        EnrichmentJob.Status circleCi = enrichment.status();
        boolean well = kafka && database == null && !circleCi.state().equals("paused");
        return new Status(
                well ? "ok" : "degraded",
                config.roles(),
                kafka ? "takes writes" : "does not answer; webhooks go to the outbox",
                database == null ? "takes writes" : database,
                database == null ? backlog() : null,
                circleCi);
    }

    private Outbox.Backlog backlog() {
        try {
            return outbox.backlog();
        } catch (SQLException e) {
            // It answered a moment ago; the next question will say what is wrong.
            return null;
        }
    }
}
