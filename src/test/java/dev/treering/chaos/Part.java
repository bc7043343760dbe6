package dev.treering.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import static java.util.stream.Collectors.joining;
import static org.awaitility.Awaitility.await;

/** A process of its own, which can be killed, frozen and started again with the same ports and the same data. */
abstract class Part implements AutoCloseable {

    private static final Set<Part> STARTED = ConcurrentHashMap.newKeySet();

    static {
        // Whoever ends the tests must not leave servers behind.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> STARTED.forEach(Part::end)));
    }

    private final String name;
    private final Path folder;
    private volatile Process process;
    private boolean ended;

    private Footprint first;

    /** What a process takes from the machine; of memory, the most it ever took. */
    record Footprint(long megabytes, long threads, long descriptors) {}

    /** How a process ended after it was asked to. */
    record Ended(int exitCode, Duration duration) {}

    Part(Path folder, String name) {
        this.folder = folder;
        this.name = name;
    }

    abstract List<String> command();

    /** What the process finds in its environment beside the inherited. */
    Map<String, String> environment() {
        return Map.of();
    }

    /** Whether it does its work; asked again and again while it starts. */
    abstract boolean answers() throws Exception;

    String name() {
        return name;
    }

    Path folder() {
        return folder;
    }

    Path log() {
        return folder.resolve(name + ".log");
    }

    /** Starts the process and returns at once. */
    synchronized void launch() {
        if (running() || ended) {
            return;
        }
        try {
            Files.createDirectories(folder);
            ProcessBuilder builder = new ProcessBuilder(command())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
            // Settings of an instance of the caller's own must not reach ours.
            builder.environment().keySet().removeIf(key -> key.matches("(TREERING|QUARKUS|KAFKA|MP|PG)_?.*"));
            builder.environment().putAll(environment());
            STARTED.add(this);
            process = builder.start();
            first = null;
        } catch (IOException e) {
            throw new UncheckedIOException(name + " cannot be started", e);
        }
    }

    /** Starts the process and waits until it does its work. */
    void start() {
        launch();
        awaitAnswer();
    }

    void awaitAnswer() {
        await(name + " answers")
                .atMost(Duration.ofSeconds(90))
                .pollInterval(Duration.ofMillis(100))
                .until(() -> {
                    if (!running()) {
                        throw new AssertionError("%s ended with %s: %s".formatted(name, process.exitValue(), tail()));
                    }
                    return answersQuietly();
                });
    }

    boolean answersQuietly() {
        try {
            return answers();
        } catch (Exception notYet) {
            return false;
        }
    }

    boolean running() {
        return process != null && process.isAlive();
    }

    /** Of a process that has ended. */
    int exitCode() {
        return process.exitValue();
    }

    long pid() {
        return process.pid();
    }

    /** {@code kill -9}, and waits until it is gone. */
    synchronized void kill() {
        if (process != null) {
            process.destroyForcibly();
            awaitEnd(Duration.ofSeconds(20));
        }
    }

    /** Asks it to end, with SIGTERM. */
    Ended stop() {
        return stop("TERM");
    }

    Ended stop(String signal) {
        long begin = System.nanoTime();
        signal(signal, List.of(pid()));
        awaitEnd(Duration.ofSeconds(60));
        return new Ended(process.exitValue(), Duration.ofNanos(System.nanoTime() - begin));
    }

    /** SIGSTOP: its connections stay open and nobody answers. */
    void freeze() {
        signal("STOP", family());
    }

    void thaw() {
        signal("CONT", family());
    }

    Footprint footprint() {
        Path proc = Path.of("/proc", Long.toString(pid()));
        try (Stream<String> status = Files.lines(proc.resolve("status"));
                Stream<Path> descriptors = Files.list(proc.resolve("fd"))) {
            Map<String, Long> numbers = status.filter(line -> line.matches("(VmHWM|Threads):.*"))
                    .collect(Collectors.toMap(
                            line -> line.substring(0, line.indexOf(':')),
                            line -> Long.valueOf(line.replaceAll("\\D", ""))));
            return new Footprint(numbers.get("VmHWM") / 1024, numbers.get("Threads"), descriptors.count());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What processor time it has used, with what it started and still runs. */
    Duration processor() {
        ProcessHandle handle = ProcessHandle.of(pid()).orElseThrow();
        return Stream.concat(Stream.of(handle), handle.descendants())
                .flatMap(one -> one.info().totalCpuDuration().stream())
                .reduce(Duration.ZERO, Duration::plus);
    }

    /** The first time it is asked after a start, what the process takes now; later, what it took then. */
    Footprint firstFootprint() {
        if (first == null) {
            first = footprint();
        }
        return first;
    }

    /** The last lines of its log. */
    String tail() {
        try (Stream<String> lines = Files.lines(log())) {
            List<String> all = lines.toList();
            return all.subList(Math.max(0, all.size() - 30), all.size()).stream()
                    .collect(joining("\n", log() + "\n", ""));
        } catch (IOException e) {
            return log() + " cannot be read";
        }
    }

    @Override
    public void close() {
        end();
    }

    /** Ends the process and its children for good: whoever is about to start it again comes too late. */
    private synchronized void end() {
        ended = true;
        STARTED.remove(this);
        if (process != null) {
            List<ProcessHandle> children = process.descendants().toList();
            process.destroyForcibly();
            children.forEach(ProcessHandle::destroyForcibly);
            awaitEnd(Duration.ofSeconds(20));
        }
    }

    private List<Long> family() {
        List<Long> pids = new ArrayList<>(List.of(pid()));
        process.descendants().map(ProcessHandle::pid).forEach(pids::add);
        return pids;
    }

    private void awaitEnd(Duration patience) {
        try {
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError(name + " did not end within " + patience);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static void signal(String signal, List<Long> pids) {
        List<String> command = new ArrayList<>(List.of("kill", "-" + signal));
        pids.forEach(pid -> command.add(pid.toString()));
        try {
            new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
