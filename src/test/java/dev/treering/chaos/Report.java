package dev.treering.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/** What a run has to show: a line a scenario, printed and kept in {@code target/chaos-report.txt}. */
final class Report {

    private static final Path FILE = Path.of("target", "chaos-report.txt");
    private static final String FORMAT = "%-16s %8s %12s %10s %6s %8s %8s %8s %8s %8s %6s %14s  %s%n";

    static {
        write("seed " + Seed.VALUE + System.lineSeparator(), StandardOpenOption.TRUNCATE_EXISTING);
        write(
                FORMAT.formatted(
                        "scenario",
                        "seconds",
                        "acknowledged",
                        "copies",
                        "kills",
                        "p50 ms",
                        "p99 ms",
                        "max ms",
                        "fresh s",
                        "drain s",
                        "lost",
                        "applied twice",
                        "answers"),
                StandardOpenOption.APPEND);
    }

    private Report() {}

    static void line(
            String rows,
            Duration duration,
            long acknowledged,
            long copies,
            int kills,
            Ledger.Answers answers,
            Oracle oracle) {
        write(
                FORMAT.formatted(
                        rows,
                        duration.toSeconds(),
                        acknowledged,
                        copies,
                        kills,
                        answers.given().percentile(0.5),
                        answers.given().percentile(0.99),
                        answers.given().max(),
                        oracle.freshAfter().toSeconds(),
                        oracle.drainedAfter().toSeconds(),
                        oracle.lost(),
                        oracle.appliedTwice(),
                        answers.statuses()),
                StandardOpenOption.APPEND);
    }

    private static void write(String text, StandardOpenOption how) {
        System.out.print("chaos: " + text);
        try {
            Files.createDirectories(FILE.getParent());
            Files.writeString(FILE, text, StandardOpenOption.CREATE, StandardOpenOption.WRITE, how);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
