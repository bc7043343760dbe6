package dev.treering.command;

import java.io.PrintWriter;
import java.net.URLEncoder;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;

import com.fasterxml.jackson.databind.JsonNode;
import dev.treering.event.ProjectSlug;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Has a running Treering ask CircleCI for a project's past, and shows how far it is. */
@Command(
        name = "backfill",
        description = {
            "Asks CircleCI for what a project ran before Treering knew it, and shows how far that is.",
            "Ctrl-C ends the showing; the backfill goes on."
        },
        footer = {
            "",
            "Examples:",
            "  backfill gh/acme/web --since 30d",
            "  backfill gh/acme/web --since 2026-10-01 --until 2026-11-01 --no-wait",
            "  backfill --follow 0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10",
            "  backfill --cancel 0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10 --json",
            "",
            "TREERING_URL says where Treering is, TREERING_TOKEN is the token to show it."
        })
final class BackfillCommand implements Callable<Integer> {

    @ArgGroup(multiplicity = "1")
    private Subject subject;

    @Option(
            names = "--since",
            paramLabel = "TIME",
            description = "From when on: 2026-10-25T08:00:00Z, 2026-10-25, or 30d or 12h ago. Default: 30d.")
    private Instant since;

    @Option(names = "--until", paramLabel = "TIME", description = "Until when, spelt alike. Default: now.")
    private Instant until;

    @Option(names = "--no-wait", description = "Print the backfill's id and end; it goes on.")
    private boolean noWait;

    @Option(names = "--json", description = "Print Treering's answer and end; a backfill that was started goes on.")
    private boolean json;

    @Mixin
    private final Target target;

    @Spec
    private CommandSpec spec;

    private final Clock clock;
    private final Follower follower;

    BackfillCommand(Target target, Clock clock, Follower follower) {
        this.target = target;
        this.clock = clock;
        this.follower = follower;
    }

    static final class Subject {

        @Parameters(paramLabel = "SLUG", description = "The project, such as gh/acme/web.")
        private ProjectSlug slug;

        @Option(names = "--follow", paramLabel = "ID", description = "Show a backfill that was started before.")
        private UUID follow;

        @Option(names = "--cancel", paramLabel = "ID", description = "End a backfill; what it has brought stays.")
        private UUID cancel;
    }

    /** Lets time go by before the next look. */
    interface Pause {

        void seconds(long seconds) throws InterruptedException;
    }

    @Override
    public Integer call() throws InterruptedException {
        if (subject.slug == null && (since != null || until != null || noWait)) {
            throw target.wrongUse("--since, --until and --no-wait belong to a new backfill");
        }
        Service service = target.service();
        PrintWriter out = spec.commandLine().getOut();
        Instant from = since == null ? new PastTime(clock).convert("30d") : since;
        JsonNode answer = subject.cancel != null
                ? service.ask("DELETE", path(subject.cancel), null, JsonNode.class)
                : subject.follow != null
                        ? service.ask("GET", path(subject.follow), null, JsonNode.class)
                        : start(service, from);
        Backfill backfill = service.read(answer, Backfill.class);
        if (json || subject.cancel != null) {
            out.println(json ? answer : backfill.end());
            return subject.cancel == null || backfill.state().equals("cancelled") ? 0 : 1;
        }
        if (noWait) {
            out.println(backfill.id());
            return 0;
        }
        if (subject.slug != null) {
            out.printf("Backfill %s of %s since %s%n", backfill.id(), subject.slug, from);
        }
        return follow(service, backfill);
    }

    private JsonNode start(Service service, Instant from) throws InterruptedException {
        String slug = URLEncoder.encode(subject.slug.value(), UTF_8)
                .replace("%2F", "/")
                .replace("+", "%20");
        Map<String, Instant> span = until == null ? Map.of("since", from) : Map.of("since", from, "until", until);
        return service.ask("POST", "/api/projects/" + slug + "/backfill", span, JsonNode.class);
    }

    private static String path(UUID id) {
        return "/api/backfills/" + id;
    }

    private int follow(Service service, Backfill first) throws InterruptedException {
        return follower.follow(spec.commandLine(), service, first, path(first.id()), goesOn(first.id()));
    }

    private String goesOn(UUID id) {
        String command = spec.qualifiedName() + target.option();
        return "The backfill goes on without this command. To see it again: %s --follow %s (--cancel instead ends it)"
                .formatted(command, id);
    }
}
