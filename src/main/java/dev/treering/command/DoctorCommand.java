package dev.treering.command;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;

import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import dev.treering.support.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Looks at everything a running Treering says of itself, and says what to do about it. */
@Command(
        name = "doctor",
        description = {
            "Checks a running Treering and what it depends on, a line each, with what to do where something is wrong.",
            "Needs a token with the scope history:read."
        },
        footer = {"", "Examples:", "  doctor", "  doctor --url https://treering.example.org --json"},
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:nothing is wrong, though there may be advice",
            "1:something is wrong, or Treering does not answer",
            "2:the command is not understood"
        })
final class DoctorCommand implements Callable<Integer> {

    private static final String GOOD = "takes writes";
    private static final int LONGEST_BACKLOG_SECONDS = 60;

    @Option(names = "--json", description = "Print the checks as JSON.")
    private boolean json;

    @Mixin
    private final Target target;

    @Spec
    private CommandSpec spec;

    private final List<Check> checks = new ArrayList<>();

    DoctorCommand(Target target) {
        this.target = target;
    }

    private enum State {
        OK,
        ADVICE,
        WRONG;

        @JsonValue
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** @param todo null where nothing is to be done */
    private record Check(String name, State state, String found, String todo) {

        String line() {
            return Service.oneLine("%-6s  %-12s %s".formatted(state, name, found) + (todo == null ? "" : ". " + todo));
        }
    }

    @Override
    public Integer call() throws InterruptedException {
        try {
            examine(target.service().ask("GET", "/api/status", null, JsonNode.class));
        } catch (Failure e) {
            check("answer", State.WRONG, e.getMessage(), null);
        }
        boolean well = checks.stream().noneMatch(check -> check.state == State.WRONG);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            JsonNode all = Json.CIRCLECI.valueToTree(Map.of("ok", well, "checks", checks));
            out.println(all);
        } else {
            checks.forEach(check -> out.println(check.line()));
        }
        return well ? 0 : 1;
    }

    private void examine(JsonNode status) {
        check("answer", State.OK, "Treering " + status.path("version").asText("?"), null);
        check("roles", State.OK, words(status.path("roles")), null);
        String kafka = status.path("kafka").asText();
        expect(
                kafka.equals(GOOD),
                "kafka",
                kafka,
                "Webhooks go to PostgreSQL meanwhile; see to KAFKA_BOOTSTRAP_SERVERS");
        JsonNode topics = status.path("topics");
        expect(
                topics.isEmpty(),
                "topics",
                topics.isEmpty() ? "set as they should be" : words(topics),
                "Change their settings");
        String postgres = status.path("postgresql").asText();
        expect(postgres.equals(GOOD), "postgresql", postgres, "See to QUARKUS_DATASOURCE_JDBC_URL and its login");
        String schema = status.path("schema").asText();
        expect(schema.equals("current"), "schema", schema, "Start an instance with the role worker, which migrates it");
        JsonNode waiting = status.path("waiting");
        expect(
                waiting.isEmpty(),
                "waiting",
                waiting.isEmpty() ? "nothing" : waiting.toString(),
                "It goes on by itself when the database does");
        JsonNode endpoints = status.path("endpoints");
        if (!endpoints.isMissingNode()) {
            advise(
                    !endpoints.isEmpty(),
                    "webhooks",
                    endpoints.isEmpty() ? "no endpoint has a secret" : "endpoints with a secret: " + words(endpoints),
                    "Set TREERING_WEBHOOK_SECRETS; until then webhooks are answered 404");
        }
        JsonNode circleCi = status.path("enrichment");
        String asking = circleCi.path("state").asText("unknown");
        String problem = circleCi.path("problem").asText("");
        check(
                "circleci",
                switch (asking) {
                    case "paused" -> State.WRONG;
                    case "on", "limited" -> State.OK;
                    default -> State.ADVICE;
                },
                "enrichment is " + asking + (problem.isEmpty() ? "" : ": " + problem),
                asking.equals("paused") ? "See to TREERING_CIRCLECI_TOKEN and TREERING_CIRCLECI_URL" : null);
        JsonNode outbox = status.path("outbox");
        expect(
                outbox.path("oldest_seconds").asDouble() <= LONGEST_BACKLOG_SECONDS,
                "outbox",
                "%d records wait, the oldest for %.0f s"
                        .formatted(
                                outbox.path("rows").asLong(),
                                outbox.path("oldest_seconds").asDouble()),
                "Kafka does not take them: see to it and to its topics");
        long missed = status.path("losses").path("missed").asLong();
        advise(
                missed == 0,
                "losses",
                missed + " records were gone from Kafka before they were read",
                "Fetch that time again: backfill <project> --since <time>");
        long dead = status.path("dead_letters").asLong();
        advise(
                dead == 0,
                "dead letters",
                dead + " facts could not be read",
                "Look at them, and drive them again after an upgrade");
        JsonNode proof = status.path("proof");
        advise(
                proof.hasNonNull("public_key"),
                "checkpoints",
                proof.hasNonNull("public_key")
                        ? "signed; the last of " + proof.path("last_checkpoint").asText("never")
                        : "there is no key here",
                "Set TREERING_AUDIT_CHECKPOINT_KEY_FILE, or that the end of the trail was cut off does not show");
        advise(
                proof.path("append_only").asBoolean(),
                "trail",
                proof.path("append_only").asBoolean()
                        ? "Treering's login can only add to it"
                        : "Treering's login owns it, and only a trigger keeps it from changing it",
                "Give it a login of its own: docs/security.md");
    }

    private void expect(boolean well, String name, String found, String todo) {
        check(name, well ? State.OK : State.WRONG, found, well ? null : todo);
    }

    private void advise(boolean well, String name, String found, String todo) {
        check(name, well ? State.OK : State.ADVICE, found, well ? null : todo);
    }

    private void check(String name, State state, String found, String todo) {
        checks.add(new Check(name, state, found, todo));
    }

    private static String words(JsonNode list) {
        List<String> words = new ArrayList<>();
        list.forEach(word -> words.add(word.asText()));
        return String.join(", ", words);
    }
}
