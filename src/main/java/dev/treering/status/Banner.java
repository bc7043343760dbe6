package dev.treering.status;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.stream.Collectors;

import jakarta.inject.Singleton;

import dev.treering.enrichment.EnrichmentJob;
import dev.treering.outbox.TopicsJob;
import dev.treering.support.Role;
import dev.treering.support.SchemaJob;
import dev.treering.support.TreeringConfig;
import io.quarkus.arc.All;
import io.quarkus.logging.Log;
import org.eclipse.microprofile.config.Config;

/** One block after the start: where everything is, and what is off and why. */
@Singleton
public class Banner {

    private final Config config;
    private final TreeringConfig treering;
    private final EnrichmentJob enrichment;
    private final SchemaJob schema;
    private final TopicsJob topics;
    private final List<BannerSection> sections;

    Banner(
            Config config,
            TreeringConfig treering,
            EnrichmentJob enrichment,
            SchemaJob schema,
            TopicsJob topics,
            @All List<BannerSection> sections) {
        this.config = config;
        this.treering = treering;
        this.enrichment = enrichment;
        this.schema = schema;
        this.topics = topics;
        this.sections = sections;
    }

    /** Shows it on standard output; where the log is made of JSON objects as one of them, for whoever collects those. */
    public void show() {
        if (config.getValue("quarkus.log.console.json.enabled", boolean.class)) {
            Log.info(text().strip());
        } else {
            System.out.println(text());
        }
    }

    /** The banner's text. It holds no secret of its own; a section may show one that was just made. */
    public String text() {
        String http = "http://localhost:" + setting("quarkus.http.port");
        String management = "http://localhost:" + setting("quarkus.management.port");
        double seconds = ManagementFactory.getRuntimeMXBean().getUptime() / 1000.0;
        String roles = treering.roles().stream().map(Role::toString).sorted().collect(Collectors.joining(", "));
        StringBuilder text = new StringBuilder("\n");
        text.append("treering %s        ready in %.1f s        roles: %s%n"
                .formatted(setting("quarkus.application.version"), seconds, roles));
        if (treering.roles().contains(Role.RECEIVER)) {
            line(text, "Webhook", http + "/webhooks/circleci");
        }
        if (treering.roles().contains(Role.API)) {
            line(text, "API v2", http + "/api/v2");
            line(text, "Status", http + "/api/status");
        }
        line(text, "Health", management + "/q/health        metrics " + management + "/q/metrics");
        line(
                text,
                "PostgreSQL",
                setting("quarkus.datasource.jdbc.url").replaceAll("\\?.*", "")
                        + (schema.current() ? "" : "  (not ready, trying again)"));
        line(text, "Kafka", setting("kafka.bootstrap.servers") + (topics.ready() ? "" : "  (not ready, trying again)"));
        line(
                text,
                "CircleCI",
                enrichment.asking()
                        ? setting("treering.circleci.url")
                        : treering.roles().contains(Role.WORKER)
                                ? "enrichment off (token missing: set TREERING_CIRCLECI_TOKEN)"
                                : "asked by the workers");
        sections.forEach(section -> text.append("\n").append(section.text()).append("\n"));
        return text.toString();
    }

    private static void line(StringBuilder text, String name, String value) {
        text.append("%-11s %s%n".formatted(name, value));
    }

    private String setting(String name) {
        return config.getOptionalValue(name, String.class).orElse("");
    }
}
