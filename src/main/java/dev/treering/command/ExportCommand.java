package dev.treering.command;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;

import dev.treering.event.ProjectSlug;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

/** Writes the trail, or a part of it, as lines to standard output. */
@Command(
        name = "export",
        description = {
            "Writes entries of the trail to standard output, newest first: what was received and what people did.",
            "It needs a token with the scope audit:read. How far it is goes to standard error."
        },
        footer = {
            "",
            "Examples:",
            "  export --project gh/acme/web --from 2026-10-01 --format csv > october.csv",
            "  export --source act --actor grafana --json",
            "  export --outcome dead --from 30d > dead.ndjson",
            "",
            "TREERING_URL says where Treering is, TREERING_TOKEN is the token to show it."
        })
final class ExportCommand implements Callable<Integer> {

    private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");

    enum Format {
        CSV,
        NDJSON;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(names = "--project", paramLabel = "SLUG", description = "Of this project, such as gh/acme/web.")
    private ProjectSlug project;

    @Option(
            names = "--pipeline",
            paramLabel = "ID",
            description = "Of this pipeline: its id, or its number in --project.")
    private String pipeline;

    @Option(names = "--workflow", paramLabel = "ID|NAME", description = "Of workflows with this id or name.")
    private String workflow;

    @Option(names = "--job", paramLabel = "ID|NAME", description = "Of jobs with this id or name.")
    private String job;

    @Option(names = "--type", description = "Such as job-completed, dev.treering.snapshot.job, dev.treering.act.begun.")
    private String type;

    @Option(names = "--source", description = "webhook, api, reconcile, backfill or act.")
    private String source;

    @Option(names = "--outcome", description = "applied, duplicate or dead.")
    private String outcome;

    @Option(names = "--actor", paramLabel = "NAME", description = "Who started the pipeline, or did the act.")
    private String actor;

    @Option(names = "--branch", paramLabel = "NAME", description = "Of pipelines on this branch.")
    private String branch;

    @Option(
            names = "--revision",
            paramLabel = "SHA",
            description = "Of pipelines of this commit; its first digits will do.")
    private String revision;

    @Option(
            names = "--search",
            paramLabel = "TEXT",
            description = "Words of the commit's subject, or part of a job's name.")
    private String text;

    @Option(
            names = "--from",
            paramLabel = "TIME",
            description = "From when on: 2026-10-25T08:00:00Z, 2026-10-25, or 30d or 12h ago. Default: all.")
    private Instant from;

    @Option(names = "--to", paramLabel = "TIME", description = "Until when, not included, spelt alike. Default: now.")
    private Instant to;

    @Option(names = "--format", description = "${COMPLETION-CANDIDATES}. Default: ndjson, a JSON document a line.")
    private Format format;

    @Option(names = "--json", description = "The same as --format ndjson.")
    private boolean json;

    @Mixin
    private final Target target;

    @Spec
    private CommandSpec spec;

    private final Clock clock;
    private final OutputStream out;
    private final boolean terminal;

    /** @param out where the lines go, byte for byte as they come */
    ExportCommand(Target target, Clock clock, OutputStream out, boolean terminal) {
        this.target = target;
        this.clock = clock;
        this.out = out;
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
        if (json && format == Format.CSV) {
            throw target.wrongUse("--json and --format csv are two formats; give one of them");
        }
        Display display = new Display(spec.commandLine().getErr(), terminal || errorsAreSeen(), clock);
        long begun = clock.millis();
        long[] lines = {0};
        try (InputStream in = target.service().open("/api/trail?" + query())) {
            copy(in, lines, display);
        } catch (IOException e) {
            display.end();
            throw new Failure(
                    true,
                    "The export broke off after %,d lines, and what is written is not all: %s",
                    lines[0],
                    Service.oneLine(String.valueOf(e.getMessage())));
        }
        display.end();
        long entries = lines[0] - (format == Format.CSV ? 1 : 0);
        spec.commandLine()
                .getErr()
                .printf(Locale.ROOT, "%,d entries in %,.1f s%n", entries, (clock.millis() - begun) / 1000.0);
        return 0;
    }

    private void copy(InputStream in, long[] lines, Display display) throws IOException {
        byte[] buffer = new byte[64 * 1024];
        int length;
        while ((length = in.read(buffer)) >= 0) {
            for (int i = 0; i < length; i++) {
                lines[0] += buffer[i] == '\n' ? 1 : 0;
            }
            out.write(buffer, 0, length);
            display.show(String.format(Locale.ROOT, "%,d lines", lines[0]));
        }
        out.flush();
    }

    private String query() {
        Map<String, Object> asked = new LinkedHashMap<>();
        asked.put("format", format == null ? Format.NDJSON : format);
        asked.put("project", project);
        asked.put("pipeline", pipeline);
        asked.put("workflow", workflow);
        asked.put("job", job);
        asked.put("type", type);
        asked.put("source", source);
        asked.put("outcome", outcome);
        asked.put("actor", actor);
        asked.put("branch", branch);
        asked.put("revision", revision);
        asked.put("q", text);
        asked.put("from", from);
        asked.put("to", to);
        return asked.entrySet().stream()
                .filter(parameter -> parameter.getValue() != null)
                .map(parameter -> parameter.getKey() + "="
                        + URLEncoder.encode(parameter.getValue().toString(), UTF_8))
                .collect(joining("&"));
    }

    // Java knows a terminal only where all three streams are one, and here standard output seldom is.
    private static boolean errorsAreSeen() {
        try {
            return Files.readSymbolicLink(STANDARD_ERROR).toString().matches("/dev/(pts/|tty).*");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }
}
