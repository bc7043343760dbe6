package dev.treering.command;

import java.io.PrintWriter;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

import com.fasterxml.jackson.databind.JsonNode;
import dev.treering.support.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Gives tokens out, lists them, and takes them back. */
@Command(
        name = "token",
        description =
                "Makes, lists and revokes the tokens that open Treering; itself it needs one with the scope admin.",
        footer = {
            "",
            "Examples:",
            "  token create --name grafana --scope history:read",
            "  token list",
            "  token revoke 0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10"
        })
final class TokenCommand {

    @Mixin
    private final Target target;

    @Spec
    private CommandSpec spec;

    private final Clock clock;

    TokenCommand(Target target, Clock clock) {
        this.target = target;
        this.clock = clock;
    }

    /** What Treering says of a token; its text only when it has just been made. */
    private record Known(
            UUID id,
            String name,
            List<String> scopes,
            Set<UUID> projects,
            Instant expiresAt,
            Instant lastUsedAt,
            Instant revokedAt,
            String token) {

        String line() {
            return "%s  %-20s  %s; %s; %s; %s"
                    .formatted(
                            id,
                            Service.oneLine(name),
                            String.join(",", scopes),
                            projects == null ? "all projects" : projects.size() + " projects",
                            lastUsedAt == null ? "never used" : "used " + lastUsedAt,
                            revokedAt != null
                                    ? "revoked " + revokedAt
                                    : expiresAt == null ? "for good" : "until " + expiresAt);
        }
    }

    @Command(
            name = "create",
            description = "Makes a token. Its text, which is shown this once, goes to standard output alone.",
            footer = {
                "",
                "Examples:",
                "  token create --name grafana --scope history:read",
                "  token create --name ci --scope history:read --project gh/acme/web --expires 90d"
            })
    int create(
            @Option(names = "--name", required = true, description = "Whose it is, or what it is for.") String name,
            @Option(
                            names = "--scope",
                            required = true,
                            split = ",",
                            description = "history:read, audit:read, notify:admin or admin; may be repeated.")
                    List<String> scopes,
            @Option(names = "--project", split = ",", description = "A slug or id it is limited to; may be repeated.")
                    List<String> projects,
            @Option(
                            names = "--expires",
                            paramLabel = "TIME",
                            description = "When it ends: 90d, 12h, or 2027-01-31T00:00:00Z. Default: never.")
                    String expires,
            @Option(names = "--json", description = "Print Treering's whole answer.") boolean json)
            throws InterruptedException {
        Map<String, Object> wanted = new HashMap<>(Map.of("name", name, "scopes", scopes));
        if (projects != null) {
            wanted.put("projects", projects);
        }
        if (expires != null) {
            wanted.put("expires_at", time(expires));
        }
        JsonNode answer = target.service().ask("POST", "/api/tokens", wanted, JsonNode.class);
        if (json) {
            out().println(answer);
            return 0;
        }
        Known made = known(answer);
        spec.commandLine().getErr().println("Made " + made.line());
        out().println(made.token());
        return 0;
    }

    @Command(
            name = "list",
            description = "Lists all tokens, newest first, those revoked too.",
            footer = {"", "Examples:", "  token list", "  token list --json"})
    int list(@Option(names = "--json", description = "Print Treering's answer.") boolean json)
            throws InterruptedException {
        JsonNode answer = target.service().ask("GET", "/api/tokens", null, JsonNode.class);
        if (json) {
            out().println(answer);
        } else {
            answer.path("items").forEach(token -> out().println(known(token).line()));
        }
        return 0;
    }

    @Command(
            name = "revoke",
            description = "From now on the token is refused.",
            footer = {"", "Examples:", "  token revoke 0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10"})
    int revoke(
            @Parameters(paramLabel = "ID", description = "As list shows it.") UUID id,
            @Option(names = "--json", description = "Print the id as JSON.") boolean json)
            throws InterruptedException {
        target.service().ask("DELETE", "/api/tokens/" + id, null, JsonNode.class);
        if (json) {
            out().println("{\"revoked\":\"%s\"}".formatted(id));
            return 0;
        }
        spec.commandLine().getErr().println("Revoked " + id);
        return 0;
    }

    private Instant time(String text) {
        try {
            return new PastTime(clock).read(text, 1);
        } catch (IllegalArgumentException e) {
            throw target.wrongUse(e.getMessage());
        }
    }

    private static Known known(JsonNode token) {
        return Json.CIRCLECI.convertValue(token, Known.class);
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
