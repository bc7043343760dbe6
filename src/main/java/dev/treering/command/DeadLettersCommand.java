package dev.treering.command;

import java.io.PrintWriter;
import java.util.Map;
import java.util.UUID;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Facts that could not be read: lists and shows them, tries them again, puts them away. */
@Command(
        name = "dead-letters",
        description = "Facts that could not be read: list, show, redrive, discard.",
        footer = {
            "",
            "Examples:",
            "  dead-letters list",
            "  dead-letters show 0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10",
            "  dead-letters redrive --reason unrecognised --dry-run",
            "  dead-letters discard --id 0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10 --note 'a test of ours'"
        })
final class DeadLettersCommand {

    private static final String PATH = "/api/dead-letters";

    @Mixin
    private final Target target;

    @Spec
    private CommandSpec spec;

    private final Follower follower;

    DeadLettersCommand(Target target, Follower follower) {
        this.target = target;
        this.follower = follower;
    }

    /** Which: all for one reason, or one. */
    static class Chosen {

        @Option(names = "--reason", description = "All that wait for this reason.")
        String reason;

        @Option(names = "--id", paramLabel = "ID", description = "This one.")
        UUID id;

        String path(String verb) {
            return id == null ? PATH + "/" + verb : "%s/%s/%s".formatted(PATH, id, verb);
        }

        String query() {
            return reason == null ? "" : "?reason=" + word(reason);
        }
    }

    /** The same, or all. */
    static final class ChosenOrAll extends Chosen {

        @Option(names = "--all", description = "All that wait.")
        boolean all;
    }

    @Command(
            name = "list",
            description = "How many wait for which reason; with a reason, these, newest first.",
            footer = {"", "Examples:", "  dead-letters list", "  dead-letters list --reason unrecognised"})
    int list(
            @Option(names = "--reason", description = "unreadable, unrecognised, incomplete or refused.") String reason,
            @Option(names = "--json", description = "Print Treering's answers, a page a line.") boolean json)
            throws InterruptedException {
        Service service = target.service();
        String first = reason == null ? PATH : PATH + "?reason=" + word(reason);
        String path = first;
        while (path != null) {
            JsonNode answer = service.ask("GET", path, null, JsonNode.class);
            if (json) {
                out().println(answer);
            } else if (reason == null) {
                answer.path("groups").forEach(this::print);
            } else {
                answer.path("items")
                        .forEach(letter -> out().println("%s  %s  %s  %s"
                                .formatted(
                                        text(letter, "id"),
                                        text(letter, "appended_at"),
                                        text(letter, "type"),
                                        text(letter, "detail"))));
            }
            String token = answer.path("next_page_token").asText(null);
            path = token == null || token.equals("null") ? null : first + "&page-token=" + token;
        }
        return 0;
    }

    private void print(JsonNode group) {
        out().println("%-13s %,d waiting, from %s to %s; %,d redriven, %,d duplicates, %,d discarded"
                .formatted(
                        text(group, "reason"),
                        group.path("waiting").asLong(),
                        text(group, "first_seen"),
                        text(group, "last_seen"),
                        group.path("redriven").asLong(),
                        group.path("duplicates").asLong(),
                        group.path("discarded").asLong()));
    }

    @Command(
            name = "show",
            description = "What is known of one, and its bytes.",
            footer = {
                "",
                "Examples:",
                "  dead-letters show 0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10",
                "  dead-letters show 0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10 --json"
            })
    int show(
            @Parameters(paramLabel = "ID", description = "As list shows it.") UUID id,
            @Option(names = "--json", description = "Print Treering's answer.") boolean json)
            throws InterruptedException {
        JsonNode letter = target.service().ask("GET", PATH + "/" + id, null, JsonNode.class);
        if (json) {
            out().println(letter);
            return 0;
        }
        letter.properties().stream()
                .filter(member -> member.getValue().isValueNode()
                        && !member.getValue().isNull()
                        && !(member.getKey().equals("bytes") && letter.hasNonNull("text")))
                // What others sent may hold what moves a terminal's cursor.
                .forEach(member -> out().printf(
                                "%-13s %s%n",
                                member.getKey(),
                                member.getValue().asText().replaceAll("[\\p{Cntrl}&&[^\\n]]|\\p{Cf}", " ")));
        return 0;
    }

    @Command(
            name = "redrive",
            description = "Has this version judge them again: what it can read is applied, the others wait on.",
            footer = {
                "",
                "Examples:",
                "  dead-letters redrive --reason unrecognised --dry-run",
                "  dead-letters redrive --all"
            })
    int redrive(@ArgGroup(multiplicity = "1") ChosenOrAll chosen, @Mixin Order order) throws InterruptedException {
        return order.place(spec.commandLine(), target, follower, chosen.path("redrive"), chosen.query());
    }

    @Command(
            name = "discard",
            description = "Puts them away for good; who did so and why is kept.",
            footer = {
                "",
                "Examples:",
                "  dead-letters discard --id 0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10 --note 'a test of ours'"
            })
    int discard(
            @ArgGroup(multiplicity = "1") Chosen chosen,
            @Option(names = "--note", required = true, description = "Why.") String note,
            @Option(names = "--json", description = "Print Treering's answer.") boolean json)
            throws InterruptedException {
        JsonNode answer = target.service()
                .ask("POST", chosen.path("discard") + chosen.query(), Map.of("note", note), JsonNode.class);
        out().println(json ? answer : "Discarded " + answer.path("discarded").asLong());
        return 0;
    }

    private static String word(String reason) {
        if (!reason.matches("\\w+")) {
            throw new Failure(false, "'%s' is no reason: unreadable, unrecognised, incomplete or refused", reason);
        }
        return reason;
    }

    private static String text(JsonNode node, String member) {
        return Service.oneLine(node.path(member).asText("-"));
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
