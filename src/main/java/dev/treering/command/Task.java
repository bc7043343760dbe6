package dev.treering.command;

import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import java.util.UUID;

/** Long work, as the REST API tells it, and how that reads. One that is only planned has no id. */
record Task(UUID id, String kind, String state, long done, long total, String problem, Plan plan) implements Progress {

    record Plan(long count, Instant oldest, Instant newest, String note) {

        String line() {
            return text("%,d facts", count)
                    + (oldest == null ? "" : ", from " + oldest + " to " + newest)
                    + (note == null ? "" : "; " + Service.oneLine(note));
        }
    }

    Task {
        Objects.requireNonNull(state);
        Objects.requireNonNull(plan);
    }

    @Override
    public double progress() {
        return total == 0 ? 0 : (double) done / total;
    }

    @Override
    public boolean isComplete() {
        return state.equals("done");
    }

    @Override
    public String line() {
        return text(" %3.0f %%  %,d of %,d facts", Math.min(1, progress()) * 100, done, total)
                + (problem == null ? "" : "  " + Service.oneLine(problem));
    }

    @Override
    public String end() {
        return switch (state) {
            case "done" -> text("Done: %,d facts", done);
            case "cancelled" -> text("Cancelled after %,d of %,d facts", done, total);
            case "failed" -> "Failed: " + Service.oneLine(String.valueOf(problem));
            default -> "It is " + state;
        };
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
