package dev.treering.command;

import java.util.Locale;
import java.util.Objects;
import java.util.UUID;

/** How far a backfill is, as the REST API tells it, and how that reads. The tasks it counts become more while it looks. */
record Backfill(
        UUID id,
        String state,
        String problem,
        long pipelines,
        long done,
        long pending,
        long givenUp,
        double progress,
        double perSecond,
        Long etaSeconds)
        implements Progress {

    Backfill {
        Objects.requireNonNull(id);
        Objects.requireNonNull(state);
    }

    /** Whether all that was asked for is in the history. */
    @Override
    public boolean isComplete() {
        return state.equals("done") && givenUp == 0 && problem == null;
    }

    @Override
    public String line() {
        return text(" %3.0f %%  %,d of %,d tasks  %,.1f/s", progress * 100, done + givenUp, tasks(), perSecond)
                + (etaSeconds == null ? "" : "  " + span(etaSeconds) + " left");
    }

    @Override
    public String end() {
        String count = text("%,d of %,d tasks, %,d pipelines", done, tasks(), pipelines)
                + (givenUp == 0 ? "" : text("; %,d tasks were given up, what they asked for is missing", givenUp));
        return Service.oneLine(
                switch (state) {
                    case "done" -> "Done: " + count + (problem == null ? "" : "; " + problem);
                    case "cancelled" -> "Cancelled: " + count;
                    case "failed" -> "Failed: " + problem;
                    default -> "It is " + state + ": " + count;
                });
    }

    private long tasks() {
        return done + pending + givenUp;
    }

    private static String span(long seconds) {
        long minutes = seconds / 60;
        return minutes >= 60
                ? text("%d h %02d min", minutes / 60, minutes % 60)
                : text("%d min %02d s", minutes, seconds % 60);
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
