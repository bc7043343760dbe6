package dev.treering.command;

import java.io.PrintWriter;
import java.net.URLEncoder;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;

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
        if (subject.cancel != null) {
            Backfill last = service.ask("DELETE", path(subject.cancel), null, Backfill.class);
            out.println(last.end());
            return last.state().equals("cancelled") ? 0 : 1;
        }
        if (subject.follow != null) {
            return follow(service, service.ask("GET", path(subject.follow), null, Backfill.class));
        }
        Instant from = since == null ? new PastTime(clock).convert("30d") : since;
        Backfill started = start(service, from);
        if (noWait) {
            out.println(started.id());
            return 0;
        }
        out.printf("Backfill %s of %s since %s%n", started.id(), subject.slug, from);
        return follow(service, started);
    }

    private Backfill start(Service service, Instant from) throws InterruptedException {
        String slug = URLEncoder.encode(subject.slug.value(), UTF_8)
                .replace("%2F", "/")
                .replace("+", "%20");
        Map<String, Instant> span = until == null ? Map.of("since", from) : Map.of("since", from, "until", until);
        return service.ask("POST", "/api/projects/" + slug + "/backfill", span, Backfill.class);
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
