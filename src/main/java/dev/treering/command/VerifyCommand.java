package dev.treering.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.concurrent.Callable;

import com.fasterxml.jackson.databind.JsonNode;
import dev.treering.support.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Has Treering walk its whole trail, and says whether it is what it was. */
@Command(
        name = "verify",
        description = {
            "Recomputes every link of the trail and holds it against the checkpoints that stand outside the database.",
            "Names the first broken entry of each chain. Needs a token with the scope audit:read."
        },
        footer = {
            "",
            "Examples:",
            "  verify",
            "  verify --public-key checkpoints.pem",
            "  verify --topic circleci.webhooks --partition 3 --json"
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:the trail is intact",
            "1:it is broken, or Treering does not answer",
            "2:the command is not understood"
        })
final class VerifyCommand implements Callable<Integer> {

    @Option(names = "--topic", description = "Only the chains of this topic.")
    private String topic;

    @Option(names = "--partition", description = "Only the chains of this partition.")
    private Integer partition;

    @Option(
            names = "--public-key",
            paramLabel = "FILE",
            description = "Trust this Ed25519 key (PEM) alone. Default: those that Treering is set to.")
    private Path publicKey;

    @Option(names = "--json", description = "Print Treering's last line and nothing else.")
    private boolean json;

    @Mixin
    private final Target target;

    @Spec
    private CommandSpec spec;

    private final Clock clock;
    private final boolean terminal;

    VerifyCommand(Target target, Clock clock, boolean terminal) {
        this.target = target;
        this.clock = clock;
        this.terminal = terminal;
    }

    /** What Treering says of it. */
    private record Report(
            String state,
            long entries,
            long total,
            long erased,
            int chains,
            long checkpoints,
            Instant lastCheckpoint,
            List<Broken> broken,
            String problem) {

        String progress(boolean terminal) {
            double share = total == 0 ? 0 : (double) entries / total;
            String line = text("%3.0f %%  %,d of %,d entries", 100 * share, entries, total);
            return terminal ? Progress.bar(share) + " " + line : line.strip();
        }

        String proof() {
            return checkpoints == 0
                    ? "No checkpoint was held against it: that the end of a chain was cut off would not show."
                    : text("%,d checkpoints were held against it, the last of %s.", checkpoints, lastCheckpoint);
        }
    }

    private record Broken(
            String topic, int partition, long number, Long offset, Instant appendedAt, String kind, String detail) {

        String line() {
            return Service.oneLine(text(
                    "%s/%d entry %d%s: %s, %s",
                    topic,
                    partition,
                    number,
                    offset == null ? "" : text(" (offset %d%s)", offset, appendedAt == null ? "" : " of " + appendedAt),
                    kind,
                    detail));
        }
    }

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        Display display = new Display(out, terminal, clock);
        JsonNode last = target.service().lines("/api/trail/verification" + query(), line -> {
            if (!json) {
                display.show(report(line).progress(terminal));
            }
        });
        if (!json) {
            display.end();
        }
        Report report = report(last);
        if (json) {
            out.println(last);
        } else if (report.state.equals("intact")) {
            out.println(text(
                    "Intact: %,d entries in %d chains, %,d of them erased. %s",
                    report.entries, report.chains, report.erased, report.proof()));
        } else if (report.state.equals("broken")) {
            report.broken.forEach(broken -> out.println(broken.line()));
            spec.commandLine().getErr().println(text("Broken: %d of %d chains", report.broken.size(), report.chains));
        } else {
            throw new Failure(false, "%s", Service.oneLine("The verification failed: " + report.problem));
        }
        return report.state.equals("intact") ? 0 : 1;
    }

    private String query() {
        StringJoiner query = new StringJoiner("&", "?", "").setEmptyValue("");
        if (topic != null) {
            query.add("topic=" + URLEncoder.encode(topic, UTF_8));
        }
        if (partition != null) {
            query.add("partition=" + partition);
        }
        if (publicKey != null) {
            try {
                String key = Files.readString(publicKey).replaceAll("-----[A-Z ]+-----|\\s", "");
                query.add("public-key=" + URLEncoder.encode(key, UTF_8));
            } catch (IOException e) {
                throw target.wrongUse("'%s' in --public-key cannot be read".formatted(publicKey));
            }
        }
        return query.toString();
    }

    private static Report report(JsonNode line) {
        return Json.CIRCLECI.convertValue(line, Report.class);
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
