package dev.treering.command;

import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/** On a terminal one line, redrawn; elsewhere, where lines are kept, a new one now and then if something changed. */
final class Display {

    private static final Duration BETWEEN_LINES = Duration.ofSeconds(10);

    private final PrintWriter out;
    private final boolean terminal;
    private final Clock clock;
    private String shown = "";
    private Instant next = Instant.MIN;
    private boolean ended;

    Display(PrintWriter out, boolean terminal, Clock clock) {
        this.out = out;
        this.terminal = terminal;
        this.clock = clock;
    }

    void show(Progress progress) {
        show(terminal ? progress.bar() + progress.line() : progress.line().strip());
    }

    synchronized void show(String line) {
        if (ended || !terminal && (line.equals(shown) || clock.instant().isBefore(next))) {
            return;
        }
        if (terminal) {
            // Blanks cover what the last line had more; every terminal knows these.
            out.print("\r" + line + " ".repeat(Math.max(0, shown.length() - line.length())));
            out.flush();
        } else {
            out.println(line);
            next = clock.instant().plus(BETWEEN_LINES);
        }
        shown = line;
    }

    /** Shows no more; false if that was so before. */
    synchronized boolean end() {
        if (ended) {
            return false;
        }
        ended = true;
        if (terminal) {
            out.println();
        }
        return true;
    }
}
