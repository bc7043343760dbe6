package dev.treering.chaos;

import java.io.File;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.metadata.storage.Formatter;

import static java.util.stream.Collectors.joining;

/** One Kafka node as a JVM of its own: alone (broker and controller), or one of several beside a controller. */
final class Broker extends Part {

    private static final int CONTROLLER = 100;

    // Without our own folders of classes, which no archive of classes admits.
    private static final String JARS = Pattern.compile(File.pathSeparator)
            .splitAsStream(System.getProperty("java.class.path"))
            .filter(entry -> entry.endsWith(".jar"))
            .collect(joining(File.pathSeparator));

    private final int node;
    private final int port;
    private boolean measured;
    private String classes;

    private Broker(Path folder, String name, int node, int port) {
        super(folder, name);
        this.node = node;
        this.port = port;
    }

    /** @param port where it listens; clients are told {@code advertised}, which may be a proxy's */
    static Broker alone(Path folder, int port, int advertised) {
        int controllerPort = Ports.free();
        Broker broker = new Broker(folder, "broker", 1, port);
        broker.prepare("broker,controller", 1, controllerPort, advertised, 1, Uuid.randomUuid());
        return broker;
    }

    /** A controller, first in the list, and so many brokers whose topics of the system have a replica on each. */
    static List<Broker> cluster(Path folder, int brokers) {
        Uuid cluster = Uuid.randomUuid();
        int controllerPort = Ports.free();
        Broker controller = new Broker(folder.resolve("controller"), "controller", CONTROLLER, 0);
        controller.prepare("controller", CONTROLLER, controllerPort, 0, brokers, cluster);
        List<Broker> nodes = new ArrayList<>(List.of(controller));
        for (int node = 1; node <= brokers; node++) {
            int port = Ports.free();
            Broker broker = new Broker(folder.resolve("broker-" + node), "broker-" + node, node, port);
            broker.prepare("broker", CONTROLLER, controllerPort, port, brokers, cluster);
            nodes.add(broker);
        }
        return nodes;
    }

    /** With both compilers, where speed is measured. */
    void measured() {
        measured = true;
    }

    /** The option of {@link Classes}; not where it is measured, for there it starts once. */
    void classes(String option) {
        classes = option;
    }

    /** The node's number in Kafka. */
    int node() {
        return node;
    }

    int port() {
        return port;
    }

    String address() {
        return Ports.LOOPBACK + ":" + port;
    }

    @Override
    List<String> command() {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=" + (measured ? 4 : 1),
                "-XX:+UseSerialGC",
                "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
                "-cp",
                JARS));
        if (classes != null) {
            command.add(classes);
        }
        command.addAll(List.of("kafka.Kafka", settingsFile().toString()));
        return command;
    }

    @Override
    boolean answers() throws Exception {
        if (port == 0) {
            return true;
        }
        try (Admin admin = Admin.create(Map.of(
                "bootstrap.servers", address(), "request.timeout.ms", "1000", "default.api.timeout.ms", "1500"))) {
            return admin.describeCluster().nodes().get(2, TimeUnit.SECONDS).stream()
                    .anyMatch(known -> known.id() == node);
        }
    }

    private Path settingsFile() {
        return folder().resolve("server.properties").toAbsolutePath();
    }

    private void prepare(String roles, int voter, int controllerPort, int advertised, int replicas, Uuid cluster) {
        Path data = folder().resolve("kafka").toAbsolutePath();
        Properties settings = new Properties();
        settings.setProperty("process.roles", roles);
        settings.setProperty("node.id", Integer.toString(node));
        settings.setProperty("controller.quorum.voters", voter + "@" + Ports.LOOPBACK + ":" + controllerPort);
        settings.setProperty("controller.listener.names", "CONTROLLER");
        settings.setProperty("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        List<String> listeners = new ArrayList<>();
        if (roles.contains("broker")) {
            listeners.add("PLAINTEXT://" + address());
            settings.setProperty("advertised.listeners", "PLAINTEXT://" + Ports.LOOPBACK + ":" + advertised);
            settings.setProperty("inter.broker.listener.name", "PLAINTEXT");
        }
        if (roles.contains("controller")) {
            listeners.add("CONTROLLER://" + Ports.LOOPBACK + ":" + controllerPort);
        }
        settings.setProperty("listeners", String.join(",", listeners));
        settings.setProperty("log.dirs", data.toString());
        settings.setProperty("auto.create.topics.enable", "false");
        settings.setProperty("offsets.topic.num.partitions", "1");
        settings.setProperty("offsets.topic.replication.factor", Integer.toString(replicas));
        settings.setProperty("transaction.state.log.replication.factor", Integer.toString(replicas));
        settings.setProperty("transaction.state.log.min.isr", "1");
        settings.setProperty("share.coordinator.state.topic.replication.factor", Integer.toString(replicas));
        settings.setProperty("share.coordinator.state.topic.min.isr", "1");
        settings.setProperty("group.initial.rebalance.delay.ms", "0");
        // A killed broker may register again only when its last session is over; nine seconds are the default.
        settings.setProperty("broker.session.timeout.ms", "3000");
        settings.setProperty("broker.heartbeat.interval.ms", "500");
        settings.setProperty("replica.lag.time.max.ms", "4000");
        settings.setProperty("num.network.threads", "2");
        settings.setProperty("num.io.threads", "4");
        settings.setProperty("background.threads", "2");
        settings.setProperty("log.cleaner.dedupe.buffer.size", "4194304");
        settings.setProperty("log.index.size.max.bytes", "1048576");
        settings.setProperty("metadata.log.segment.bytes", "16777216");
        try {
            Files.createDirectories(data);
            try (var file = Files.newBufferedWriter(settingsFile())) {
                settings.store(file, null);
            }
            new Formatter()
                    .setPrintStream(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
                    .setNodeId(node)
                    .setClusterId(cluster.toString())
                    .addDirectory(data.toString())
                    .setMetadataLogDirectory(data.toString())
                    .setControllerListenerName("CONTROLLER")
                    .run();
        } catch (Exception e) {
            throw new AssertionError("Kafka's folder cannot be prepared", e);
        }
    }
}
