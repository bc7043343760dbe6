package dev.treering.insights;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

import dev.treering.support.Problem;
import dev.treering.support.Times;

/** A span of time; runs belong to it by when they were created. {@code until} is not part of it. */
record Window(Instant since, Instant until) {

    private static final String LONGEST = "last-90-days";

    Window {
        // What is compared with the database and told to a person needs no more.
        since = since.truncatedTo(ChronoUnit.MILLIS);
        until = until.truncatedTo(ChronoUnit.MILLIS);
        if (!since.isBefore(until)) {
            throw Problem.badRequest(
                    "The window begins at %s, which is not before its end, %s".formatted(since, until));
        }
    }

    /** As CircleCI names them: {@code last-24-hours} to {@code last-90-days}, which is what null stands for. */
    static Window reporting(String name, Clock clock) {
        Duration length = switch (name == null ? LONGEST : name) {
            case "last-24-hours" -> Duration.ofHours(24);
            case "last-7-days" -> Duration.ofDays(7);
            case "last-30-days" -> Duration.ofDays(30);
            case "last-60-days" -> Duration.ofDays(60);
            case LONGEST -> Duration.ofDays(90);
            default ->
                throw Problem.badRequest("reporting-window is last-24-hours, last-7-days, last-30-days,"
                        + " last-60-days or last-90-days, not '%s'".formatted(name));
        };
        Instant now = clock.instant();
        return new Window(now.minus(length), now);
    }

    /**
     * From one time to another, each RFC 3339, a day, or how long ago ({@code 30d}, {@code 12h}).
     *
     * @param since null for 90 days before {@code until}
     * @param until null for now
     */
    static Window between(String sinceName, String since, String untilName, String until, Clock clock) {
        Instant end = until == null ? clock.instant() : time(untilName, until, clock);
        return new Window(since == null ? end.minus(Duration.ofDays(90)) : time(sinceName, since, clock), end);
    }

    private static Instant time(String name, String text, Clock clock) {
        return Times.read(text, clock.instant(), -1)
                .orElseThrow(() ->
                        Problem.badRequest("%s: '%s' is no time: give 2026-10-25T08:00:00Z, 2026-10-25, 30d or 12h"
                                .formatted(name, text)));
    }

    double days() {
        return Duration.between(since, until).toMillis()
                / (double) Duration.ofDays(1).toMillis();
    }

    /** As long, and ending where this one begins. */
    Window before() {
        return new Window(since.minus(Duration.between(since, until)), since);
    }
}
