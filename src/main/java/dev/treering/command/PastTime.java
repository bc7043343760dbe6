package dev.treering.command;

import java.time.Clock;
import java.time.Instant;

import dev.treering.support.Times;
import picocli.CommandLine.ITypeConverter;

/** Reads a time as a person gives it: RFC 3339, a day (its beginning in UTC), or how long ago ({@code 30d}, {@code 12h}). */
record PastTime(Clock clock) implements ITypeConverter<Instant> {

    @Override
    public Instant convert(String text) {
        return read(text, -1);
    }

    /** @param direction of a span: -1 for ago, 1 for from now on */
    Instant read(String text, int direction) {
        return Times.read(text, clock.instant(), direction)
                .orElseThrow(() -> new IllegalArgumentException(
                        "'%s' is no time: give 2026-10-25T08:00:00Z, 2026-10-25, 30d or 12h".formatted(text)));
    }
}
