package dev.treering.command;

import java.util.Set;
import java.util.UUID;

/** How far long work is, and how that reads. */
interface Progress {

    Set<String> ENDS = Set.of("done", "cancelled", "failed");
    int BAR = 16;

    UUID id();

    String state();

    /** From 0 to 1. */
    double progress();

    String line();

    String end();

    boolean isComplete();

    default boolean hasEnded() {
        return ENDS.contains(state());
    }

    default String bar() {
        return bar(progress());
    }

    static String bar(double progress) {
        int full = (int) Math.round(Math.max(0, Math.min(1, progress)) * BAR);
        return "[" + "#".repeat(full) + ".".repeat(BAR - full) + "]";
    }
}
