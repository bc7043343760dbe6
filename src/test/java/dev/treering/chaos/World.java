package dev.treering.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

import static java.util.stream.Collectors.joining;

/**
 * Everything a scenario needs, each as a process of its own: a broker or several, a database, receivers and workers of
 * Treering, and the traffic. {@code World.named("x").receivers(2).workers(1).start()}.
 */
final class World implements AutoCloseable {

    // Held, for the log manager forgets the level of a logger that nobody holds.
    private static final List<Logger> CHATTY = Stream.of("org.apache.kafka", "io.vertx", "io.zonky")
            .map(Logger::getLogger)
            .toList();

    // Many short lives on few processors: the second compiler would take more of them than the events.
    private static final String SHORT_LIVES = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC";

    private static final Classes TREERING = new Classes("treering");
    private static final Classes KAFKA = new Classes("kafka");

    private final Path folder;
    private final Map<String, String> settings = new HashMap<>();
    private final Map<String, String> workerSettings = new HashMap<>();
    private final List<String> databaseSettings = new ArrayList<>();
    private int brokerCount = 1;
    private int receiverCount = 1;
    private int workerCount = 1;
    private boolean proxied;
    private boolean together;
    private boolean measured;

    private final List<Broker> kafka = new ArrayList<>();
    private final List<Instance> receivers = new ArrayList<>();
    private final List<Instance> workers = new ArrayList<>();
    private final Ledger ledger = new Ledger();
    private Proxy brokerProxy;
    private Proxy databaseProxy;
    private Postgres database;
    private Traffic traffic;

    private World(String name) {
        folder = Path.of("target", "chaos", name);
        with("JAVA_TOOL_OPTIONS", SHORT_LIVES);
    }

    static World named(String name) {
        CHATTY.forEach(logger -> logger.setLevel(Level.OFF));
        System.out.printf("chaos: world %s, -Dtreering.seed=%d, logs in target/chaos/%s%n", name, Seed.VALUE, name);
        World world = new World(name);
        world.clear();
        return world;
    }

    /** More than one: beside a controller of their own, topics with a replica on each. */
    World brokers(int count) {
        brokerCount = count;
        return this;
    }

    World receivers(int count) {
        receiverCount = count;
        return this;
    }

    World workers(int count) {
        workerCount = count;
        return this;
    }

    /** Receivers are workers too, as on a machine alone. */
    World together() {
        together = true;
        workerCount = 0;
        return this;
    }

    /** With both compilers, the collector that the JVM chooses in a container of 1 GB, and what the image sets: where speed or memory is measured. */
    World measured() {
        measured = true;
        with("JAVA_TOOL_OPTIONS", "-XX:+UseSerialGC -XX:NewRatio=1");
        return this;
    }

    /** Puts proxies before the one broker and the database, which everybody has to go through. */
    World proxied() {
        proxied = true;
        return this;
    }

    /** A setting of every instance, by the name of its environment variable. */
    World with(String variable, String value) {
        settings.put(variable, value);
        return this;
    }

    /** A setting of those that are workers. */
    World workersWith(String variable, String value) {
        workerSettings.put(variable, value);
        return this;
    }

    /** A setting of the database server: {@code fsync=on}. */
    World databaseSetting(String setting) {
        databaseSettings.add(setting);
        return this;
    }

    World start() {
        long begin = System.nanoTime();
        CompletableFuture<Void> databaseUp = CompletableFuture.runAsync(this::startDatabase);
        startBrokers();
        databaseUp.join();
        if (!measured && receiverCount + workerCount > 0) {
            keepClasses();
        }
        for (int i = 1; i <= receiverCount; i++) {
            receivers.add(instance("receiver-" + i, together ? "receiver,worker,api" : "receiver,api"));
        }
        for (int i = 1; i <= workerCount; i++) {
            workers.add(instance("worker-" + i, "worker"));
        }
        instances().forEach(Part::launch);
        instances().forEach(Part::awaitAnswer);
        traffic = new Traffic(
                ledger,
                receivers.stream()
                        .map(receiver -> new Traffic.Door(receiver.name(), receiver.port()))
                        .toList(),
                Seed.VALUE);
        System.out.printf("chaos: all parts answer after %.1f s%n", (System.nanoTime() - begin) / 1e9);
        return this;
    }

    private void keepClasses() {
        with(
                "JAVA_TOOL_OPTIONS",
                SHORT_LIVES + " "
                        + TREERING.keep(option -> {
                            Instance first = instance("first", "receiver,worker,api")
                                    .with("JAVA_TOOL_OPTIONS", SHORT_LIVES + " " + option);
                            first.start();
                            first.stop();
                        }));
    }

    private void startDatabase() {
        int port = Ports.free();
        databaseProxy = proxied ? Proxy.before(port) : null;
        database = new Postgres(folder.resolve("postgres"), port, proxied ? databaseProxy.port() : port);
        databaseSettings.forEach(database::with);
        database.start();
    }

    private void startBrokers() {
        if (brokerCount == 1) {
            int port = Ports.free();
            brokerProxy = proxied ? Proxy.before(port) : null;
            kafka.add(Broker.alone(folder.resolve("broker"), port, proxied ? brokerProxy.port() : port));
        } else {
            kafka.addAll(Broker.cluster(folder.resolve("kafka"), brokerCount));
        }
        if (measured) {
            kafka.forEach(Broker::measured);
        } else {
            String classes = KAFKA.keep(option -> {
                int port = Ports.free();
                try (Broker first = Broker.alone(folder.resolve("first"), port, port)) {
                    first.classes(option);
                    first.start();
                    first.stop();
                }
            });
            kafka.forEach(broker -> broker.classes(classes));
        }
        kafka.forEach(Part::launch);
        kafka.forEach(Part::awaitAnswer);
    }

    /** One more instance in this world, not started yet. */
    Instance instance(String name, String roles) {
        Instance instance = new Instance(folder, name, roles)
                .with("KAFKA_BOOTSTRAP_SERVERS", bootstrapServers())
                .with("QUARKUS_DATASOURCE_JDBC_URL", database.jdbcUrl())
                .with("QUARKUS_DATASOURCE_USERNAME", Postgres.APPLICATION)
                .with("QUARKUS_DATASOURCE_PASSWORD", database.password())
                .with("QUARKUS_DATASOURCE_OWNER_USERNAME", database.username())
                .with("QUARKUS_DATASOURCE_OWNER_PASSWORD", database.password())
                .with("TREERING_TOPICS_REPLICATION_FACTOR", Integer.toString(brokerCount));
        settings.forEach(instance::with);
        if (roles.contains("worker")) {
            workerSettings.forEach(instance::with);
        }
        return instance;
    }

    /** As clients reach it: through the proxy, where there is one. */
    String bootstrapServers() {
        return brokerProxy != null
                ? Ports.LOOPBACK + ":" + brokerProxy.port()
                : brokers().stream().map(Broker::address).collect(joining(","));
    }

    /** The one broker, or the first of several. */
    Broker broker() {
        return brokers().get(0);
    }

    List<Broker> brokers() {
        return kafka.stream().filter(node -> node.port() > 0).toList();
    }

    /** Before the one broker; null unless the world is {@link #proxied}. */
    Proxy brokerProxy() {
        return brokerProxy;
    }

    /** Before the database; null unless the world is {@link #proxied}. */
    Proxy databaseProxy() {
        return databaseProxy;
    }

    Postgres database() {
        return database;
    }

    List<Instance> receivers() {
        return receivers;
    }

    Instance receiver() {
        return receivers.get(0);
    }

    List<Instance> workers() {
        return workers;
    }

    Instance worker() {
        return workers.get(0);
    }

    List<Instance> instances() {
        return Stream.of(receivers, workers).flatMap(List::stream).toList();
    }

    Ledger ledger() {
        return ledger;
    }

    Traffic traffic() {
        return traffic;
    }

    Path folder() {
        return folder;
    }

    /** Ends every fault, whoever caused it, and begins a scenario that will be reported under this name. */
    Scenario scenario(String rows) {
        traffic.rate(0);
        heal();
        return new Scenario(this, rows);
    }

    /** Everything runs and answers again. */
    void heal() {
        Stream.of(brokerProxy, databaseProxy).filter(proxy -> proxy != null).forEach(Proxy::heal);
        List<Part> parts = Stream.<List<? extends Part>>of(kafka, List.of(database), receivers, workers)
                .<Part>flatMap(List::stream)
                .toList();
        parts.stream().filter(Part::running).forEach(Part::thaw);
        parts.forEach(Part::launch);
        parts.forEach(Part::awaitAnswer);
    }

    @Override
    public void close() {
        if (traffic != null) {
            traffic.close();
        }
        instances().forEach(Part::close);
        kafka.forEach(Part::close);
        if (database != null) {
            database.close();
        }
        Stream.of(brokerProxy, databaseProxy).filter(proxy -> proxy != null).forEach(Proxy::close);
    }

    private void clear() {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(folder)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
