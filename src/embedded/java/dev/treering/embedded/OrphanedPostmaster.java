package dev.treering.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/** The PostgreSQL server of a data directory, as its {@code postmaster.pid} tells: found, stopped, waited for. */
record OrphanedPostmaster(Path dataDirectory) {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofMillis(20);

    /**
     * Makes the directory free for a new server. A killed JVM leaves its PostgreSQL running, and a killed machine leaves
     * a pid file whose number may belong to anybody by now: the first is stopped, the second is only a file to remove.
     */
    void clear() {
        Optional<ProcessHandle> server = process();
        server.filter(ProcessHandle::isAlive).ifPresent(this::stop);
        try {
            Files.deleteIfExists(pidFile());
        } catch (IOException e) {
            throw new StoreException("The stale file " + pidFile() + " cannot be removed.", e);
        }
    }

    /** The running server, and only if it really is a PostgreSQL that works in this very directory. */
    Optional<ProcessHandle> process() {
        return pid().flatMap(ProcessHandle::of).filter(ProcessHandle::isAlive).filter(this::servesThisDirectory);
    }

    static void awaitExit(ProcessHandle server) {
        if (!exits(server)) {
            throw new StoreException("PostgreSQL (process " + server.pid() + ") did not stop within "
                    + PATIENCE.toSeconds() + " seconds. Stop it by hand.");
        }
    }

    private void stop(ProcessHandle server) {
        // SIGINT is PostgreSQL's "fast" shutdown; SIGTERM, all that ProcessHandle offers, waits for every client to
        // leave.
        try {
            new ProcessBuilder("kill", "-INT", Long.toString(server.pid()))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new StoreException("The left-over PostgreSQL (process " + server.pid() + ") cannot be stopped.", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException("Interrupted while stopping process " + server.pid() + ".", e);
        }
        awaitExit(server);
    }

    /** Asks often: the JDK's own waiting for a process that is not its child is in steps of up to seconds. */
    private static boolean exits(ProcessHandle server) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (server.isAlive()) {
            if (System.nanoTime() > deadline || Thread.currentThread().isInterrupted()) {
                return false;
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
        return true;
    }

    private Optional<Long> pid() {
        try {
            List<String> lines = Files.readAllLines(pidFile());
            return lines.isEmpty()
                    ? Optional.empty()
                    : Optional.of(Long.parseLong(lines.get(0).strip()));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (NumberFormatException tornWrite) {
            return Optional.empty();
        } catch (IOException e) {
            throw new StoreException("The file " + pidFile() + " cannot be read.", e);
        }
    }

    private boolean servesThisDirectory(ProcessHandle process) {
        boolean postgres = process.info()
                .command()
                .map(Path::of)
                .map(Path::getFileName)
                .map(Path::toString)
                .filter("postgres"::equals)
                .isPresent();
        return postgres
                && process.info().arguments().stream()
                        .flatMap(Arrays::stream)
                        .anyMatch(dataDirectory.toString()::equals);
    }

    private Path pidFile() {
        return dataDirectory.resolve("postmaster.pid");
    }
}
