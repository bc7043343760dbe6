package dev.treering.outbox;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.vertx.ext.web.Router;

/**
 * {@code GET /asyncapi}: the contract of the topics, public as {@code /openapi} is. The document and the schemas beside it
 * ({@code /schemas/…}) are those of {@code docs}, which the build copies and a test compares with the records.
 */
@Singleton
class ContractRoute {

    void register(@Observes Router router) {
        router.get("/asyncapi").handler(context -> context.reroute("/asyncapi.json"));
    }
}
