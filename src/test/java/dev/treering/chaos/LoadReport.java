package dev.treering.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

import dev.treering.chaos.Load.Figures;
import dev.treering.simulation.Delivery;
import dev.treering.simulation.Scenarios;
import dev.treering.simulation.Webhooks;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * How fast: {@code mvn verify -Pchaos -Dit.test=LoadReport}. Prints accepted webhooks a second and how long an answer takes, facts a second from
 * a backlog into the history, how that grows with partitions and workers, and how long a fact takes from the sender to a
 * reader. Where programs to compare with are given, also as a ratio to those, which ran in the same minute on the same broker and database:
 *
 * <ul>
 *   <li>{@code -Dtreering.load.receive=}: a command that serves {@code POST /webhooks/circleci}, with {@code {port}},
 *       {@code {bootstrap}}, {@code {topic}} and {@code {secret}} to be filled in;
 *   <li>{@code -Dtreering.load.drain=}: a command that reads a topic into PostgreSQL and prints {@code = N/s}, with {@code
 *       {bootstrap}}, {@code {topic}}, {@code {jdbc}} (user {@code treering}) and {@code {count}}.
 * </ul>
 *
 * A workflow has twenty jobs; {@code -Dtreering.load.jobs=4} makes it small ones, of which there are more to describe. {@code
 * -Dtreering.load.token=true} gives the worker a token for CircleCI, so that webhooks also become tasks.
 */
@Isolated("measures")
class LoadReport {

    private static final Path FILE = Path.of("target", "load-report.txt");
    private static final int CONNECTIONS = 64;
    private static final int ROUNDS = 5;
    private static final Duration ROUND = Duration.ofSeconds(6);
    private static final int BACKLOG = 200_000;
    private static final int JOBS = Integer.getInteger("treering.load.jobs", 20);
    private static final int SMALL_BACKLOG = 100_000;
    private static final int LIVE_RATE = 300;
    private static final Duration LIVE = Duration.ofSeconds(30);

    // So many projects, for a project's events stay in one partition.
    private final List<Scenarios> scenarios =
            LongStream.range(0, 40).mapToObj(i -> new Scenarios(Seed.VALUE + i)).toList();
    private final List<Part> others = new ArrayList<>();
    private World world;
    private long run;

    @AfterEach
    void close() {
        others.forEach(Part::close);
        world.close();
    }

    private static void say(String text, Object... values) {
        String line = text.formatted(values);
        System.out.println("load: " + line);
        try {
            Files.writeString(FILE, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Delivery> events(int count) {
        List<Delivery> events = new ArrayList<>(count + JOBS);
        while (events.size() < count) {
            events.addAll(nextRun());
        }
        return events.subList(0, count);
    }

    private List<Delivery> nextRun() {
        Scenarios family = scenarios.get((int) (run % scenarios.size()));
        return Webhooks.of(
                family.wide(run++ / scenarios.size() + 1, Instant.now().minusSeconds(600), JOBS));
    }

    @Test
    void receive() throws Exception {
        // Given a receiver, and what it is compared with
        world = World.named("load-receive")
                .measured()
                .databaseSetting("fsync=on")
                .receivers(0)
                .workers(0)
                .start();
        Instance receiver = world.instance("receiver", "receiver");
        others.add(receiver);
        receiver.start();
        List<byte[]> requests = Wire.requests(events(20_000));
        Load ours = new Load(receiver.port(), CONNECTIONS);
        Load ceiling = ceiling();
        // When both are warm
        for (Load load : ceiling == null ? List.of(ours) : List.of(ceiling, ours)) {
            load.asFastAsPossible(requests, Duration.ofSeconds(10));
        }
        List<Figures> figures = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        for (int round = 1; round <= ROUNDS; round++) {
            Figures limit = ceiling == null ? null : ceiling.asFastAsPossible(requests, ROUND);
            Figures one = ours.asFastAsPossible(requests, ROUND);
            figures.add(one);
            say("receive %d   accepted %s", round, one);
            if (limit != null) {
                ratios.add(one.perSecond() / limit.perSecond());
                say("          ceiling %s   ours is %.2f of it", limit, ratios.get(round - 1));
            }
        }
        double median = median(figures.stream().map(Figures::perSecond).toList());
        say(
                "receive     median %,.0f/s%s",
                median, ratios.isEmpty() ? "" : ", %.2f of the ceiling".formatted(median(ratios)));
        Figures half = ours.atRate(requests, median / 2, Duration.ofSeconds(15));
        say("receive     at half of that %s", half);
        // Then
        assertThat(figures).allSatisfy(one -> assertThat(one.others()).isZero());
        assertThat(half.others()).isZero();
    }

    private Load ceiling() throws Exception {
        String command = System.getProperty("treering.load.receive", "");
        if (command.isEmpty()) {
            return null;
        }
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", world.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic("load-ceiling", 12, (short) 1)))
                    .all()
                    .get();
        }
        int port = Ports.free();
        Program program = new Program(
                world.folder(),
                "ceiling",
                command.replace("{port}", Integer.toString(port))
                        .replace("{bootstrap}", world.bootstrapServers())
                        .replace("{topic}", "load-ceiling")
                        .replace("{secret}", Instance.SECRET),
                port);
        others.add(program);
        program.start();
        return new Load(port, CONNECTIONS);
    }

    @Test
    void drain_and_freshness() throws Exception {
        // Given a backlog
        world = World.named("load-drain")
                .measured()
                .databaseSetting("fsync=on")
                .databaseSetting("shared_buffers=512MB")
                .databaseSetting("max_wal_size=4GB")
                .receivers(1)
                .workers(0)
                .start();
        Instance worker = world.instance("worker", "worker");
        others.add(worker);
        if (Boolean.getBoolean("treering.load.token")) {
            // Nobody listens there: webhooks become tasks, and no call is made.
            worker.with("TREERING_CIRCLECI_TOKEN", "load").with("TREERING_CIRCLECI_URL", "http://127.0.0.1:9");
        }
        fill(BACKLOG);
        double ceiling = drainedByTheCeiling();
        // When a worker starts, beside whom nobody reads what it publishes: beside the ceiling nobody did either
        world.receiver().freeze();
        worker.start();
        double cold = drained(List.of(worker), BACKLOG, BACKLOG);
        say("drain       %,8.0f/s by a worker that just started%s", cold, of(ceiling, cold));
        // And when one that runs finds another
        worker.freeze();
        world.receiver().thaw();
        fill(BACKLOG);
        world.receiver().freeze();
        worker.thaw();
        double warm = drained(List.of(worker), BACKLOG, 2 * BACKLOG);
        world.receiver().thaw();
        say("drain       %,8.0f/s by a worker that runs%s", warm, of(ceiling, warm));
        Part.Footprint worn = worker.footprint();
        say("drain       took %d MB of memory at most, %d threads", worn.megabytes(), worn.threads());
        // Then
        assertThat(worn.megabytes()).isLessThanOrEqualTo(900);
        await("the outbox is empty")
                .atMost(Duration.ofMinutes(2))
                .until(() -> world.database().number("select count(*) from outbox") == 0);
        assertThat(world.database().number("select count(*) from dead_letter")).isZero();
        assertThat(world.database().number("select count(*) from trail where outcome = 'applied'"))
                .isEqualTo(2 * BACKLOG);
        freshness();
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 2", "6, 1", "6, 2", "12, 1", "12, 2"})
    void scaling(int partitions, int workers) {
        // Given workers that run
        world = World.named("load-scaling")
                .measured()
                .databaseSetting("fsync=on")
                .with("TREERING_TOPICS_PARTITIONS", Integer.toString(partitions))
                .receivers(1)
                .workers(workers)
                .start();
        fill(SMALL_BACKLOG);
        await("they are warm").atMost(Duration.ofMinutes(3)).until(() -> recorded() >= SMALL_BACKLOG);
        // When they find a backlog
        world.workers().forEach(Part::freeze);
        fill(SMALL_BACKLOG);
        Duration broker = world.broker().processor();
        world.workers().forEach(Part::thaw);
        double rate = drained(world.workers(), SMALL_BACKLOG, 2 * SMALL_BACKLOG);
        // Then
        say(
                "scaling     %d partitions, %d workers: %,.0f/s; %d us a fact in the broker",
                partitions, workers, rate, each(world.broker().processor().minus(broker), SMALL_BACKLOG));
        world.database()
                .rows("select relname, (pg_total_relation_size(oid) / %d)::text from pg_class"
                                .formatted(2 * SMALL_BACKLOG)
                        + " where relkind = 'r' and relnamespace = 'public'::regnamespace"
                        + " and pg_total_relation_size(oid) >= %d order by 2".formatted(2 * SMALL_BACKLOG))
                .forEach(row -> say("size        %s bytes a webhook in %s", row.get(1), row.get(0)));
    }

    private void fill(int count) {
        Load load = new Load(world.receiver().port(), CONNECTIONS);
        for (int sent = 0; sent < count; sent += 20_000) {
            assertThat(load.each(Wire.requests(events(20_000))).accepted()).isEqualTo(20_000);
        }
    }

    private long recorded() {
        return world.database().number("select coalesce(sum(next_offset), 0) from stream_position");
    }

    /** From the first record of it to the last. */
    private double drained(List<Instance> workers, int backlog, long total) {
        Duration workersBefore = processor(workers);
        Duration databaseBefore = world.database().processor();
        long before = recorded();
        await("the workers begin")
                .atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> recorded() > before);
        long first = recorded();
        long begin = System.nanoTime();
        await("the backlog is drained")
                .atMost(Duration.ofMinutes(5))
                .pollInterval(Duration.ofMillis(100))
                .until(() -> recorded() >= total);
        double rate = (total - first) / ((System.nanoTime() - begin) / 1e9);
        say(
                "drain       processor time a fact: %d us in workers, %d us in PostgreSQL",
                each(processor(workers).minus(workersBefore), backlog),
                each(world.database().processor().minus(databaseBefore), backlog));
        return rate;
    }

    private static Duration processor(List<Instance> instances) {
        return instances.stream().map(Part::processor).reduce(Duration.ZERO, Duration::plus);
    }

    private static long each(Duration processor, int count) {
        return processor.toNanos() / 1000 / count;
    }

    private double drainedByTheCeiling() throws IOException, InterruptedException {
        String command = System.getProperty("treering.load.drain", "");
        if (command.isEmpty()) {
            return 0;
        }
        world.database().administer("create database ceiling owner treering");
        Program program = new Program(
                world.folder(),
                "drain-ceiling",
                command.replace("{bootstrap}", world.bootstrapServers())
                        .replace("{topic}", "circleci.webhooks")
                        .replace("{jdbc}", world.database().jdbcUrl().replaceFirst("[^/]*$", "ceiling"))
                        .replace("{count}", Integer.toString(BACKLOG)),
                0);
        others.add(program);
        program.launch();
        await("the ceiling has drained").atMost(Duration.ofMinutes(2)).until(() -> !program.running());
        Matcher figure = Pattern.compile("= (\\d+)/s").matcher(program.output());
        assertThat(figure.find()).as(program.tail()).isTrue();
        double ceiling = Double.parseDouble(figure.group(1));
        say("drain       %,8.0f/s by the ceiling", ceiling);
        return ceiling;
    }

    private static String of(double ceiling, double rate) {
        return ceiling == 0 ? "" : ", %.2f of the ceiling".formatted(rate / ceiling);
    }

    /** Through the door of the receiver, and read back over HTTP; and how long until a stream tells of it. */
    private void freshness() throws Exception {
        List<byte[]> requests = Wire.requests(events((int) (LIVE_RATE * LIVE.toSeconds())));
        Load load = new Load(world.receiver().port(), 16);
        Figures answered;
        List<Long> nanos = new ArrayList<>();
        List<Long> told = new ArrayList<>();
        try (Wire wire = new Wire(world.receiver().port());
                Follower follower = new Follower(world.receiver().port(), "?type=workflow")) {
            // The receiver stood still while the backlog was drained: its streams have that to catch up with first.
            Delivery first = endOfARun();
            assertThat(wire.exchange(Wire.request(first))).isEqualTo(202);
            follower.arrival(workflowOf(first));
            CompletableFuture<Figures> traffic =
                    CompletableFuture.supplyAsync(() -> load.atRate(requests, LIVE_RATE, LIVE));
            while (!traffic.isDone()) {
                Delivery end = endOfARun();
                String workflow = workflowOf(end);
                String path = "/api/v2/workflow/" + workflow;
                long begin = System.nanoTime();
                assertThat(wire.exchange(Wire.request(end))).isEqualTo(202);
                await().pollInterval(Duration.ofMillis(5))
                        .pollDelay(Duration.ZERO)
                        .until(() -> world.receiver().get(path).statusCode() == 200);
                nanos.add(System.nanoTime() - begin);
                told.add(follower.arrival(workflow) - begin);
            }
            answered = traffic.join();
        }
        Figures seen = figures(nanos);
        Figures live = figures(told);
        say("live        at %d/s: answered %s", LIVE_RATE, answered);
        say(
                "freshness   from the sender to a reader: p50 %.0f ms, p99 %.0f ms, max %.0f ms (%d samples)",
                seen.millis(0.5), seen.millis(0.99), seen.millis(1), seen.accepted());
        say("freshness   from the sender to a stream: p50 %.0f ms, p99 %.0f ms", live.millis(0.5), live.millis(0.99));
        assertThat(answered.others()).isZero();
    }

    private static String workflowOf(Delivery delivery) {
        return delivery.body().replaceAll("(?s).*\"workflow\":\\{[^{}]*?\"id\":\"([^\"]*)\".*", "$1");
    }

    private static Figures figures(List<Long> nanos) {
        long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
        return new Figures(sorted.length, 0, LIVE.toSeconds(), sorted);
    }

    /** The last webhook of a run whose others nobody sends: before it, the workflow is unknown. */
    private Delivery endOfARun() {
        return nextRun().stream()
                .filter(delivery -> delivery.eventType().equals("workflow-completed"))
                .findFirst()
                .orElseThrow();
    }

    private static double median(List<Double> values) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return Arrays.stream(sorted).skip((sorted.length - 1) / 2).findFirst().orElse(0);
    }
}
