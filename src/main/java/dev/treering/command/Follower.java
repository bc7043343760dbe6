package dev.treering.command;

import java.io.PrintWriter;
import java.time.Clock;

import picocli.CommandLine;

/** Shows long work until it ends; what it follows goes on without it. */
final class Follower {

    private static final int MOST_MISSES = 60;
    private static final int AFTER_A_MISS_SECONDS = 2;

    private final Clock clock;
    private final BackfillCommand.Pause pause;
    private final boolean terminal;

    Follower(Clock clock, BackfillCommand.Pause pause, boolean terminal) {
        this.clock = clock;
        this.pause = pause;
        this.terminal = terminal;
    }

    /**
     * @param path where to look again
     * @param goesOn what to say when the showing ends before the work
     * @return the exit code
     */
    <T extends Progress> int follow(CommandLine line, Service service, T first, String path, String goesOn)
            throws InterruptedException {
        PrintWriter out = line.getOut();
        Display display = new Display(out, terminal, clock);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (display.end()) {
                out.println(goesOn);
            }
        }));
        try {
            Progress last = untilEnd(service, first, path, display);
            display.end();
            (last.isComplete() ? out : line.getErr()).println(last.end());
            return last.isComplete() ? 0 : 1;
        } catch (Failure e) {
            display.end();
            throw e.isPassing() ? new Failure(true, "%s %s", e.getMessage(), goesOn) : e;
        }
    }

    private Progress untilEnd(Service service, Progress first, String path, Display display)
            throws InterruptedException {
        Progress now = first;
        int misses = 0;
        display.show(now);
        while (!now.hasEnded()) {
            pause.seconds(misses == 0 ? 1 : AFTER_A_MISS_SECONDS);
            try {
                now = service.ask("GET", path, null, first.getClass());
                misses = 0;
                display.show(now);
            } catch (Failure e) {
                misses++;
                if (!e.isPassing() || misses == MOST_MISSES) {
                    throw e;
                }
                display.show("No answer from Treering, trying again");
            }
        }
        return now;
    }
}
