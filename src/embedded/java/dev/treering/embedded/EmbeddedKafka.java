package dev.treering.embedded;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/** One real Apache Kafka node (KRaft, broker and controller) in this JVM, listening on the loopback address only. */
public final class EmbeddedKafka implements AutoCloseable {

    private static final int NODE = 1;

    private final KafkaRaftServer server;
    private final int port;

    private EmbeddedKafka(KafkaRaftServer server, int port) {
        this.server = server;
        this.port = port;
    }

    /** Starts a node on what the folder holds, which is formatted when it is new. A preferred port of 0 means any. */
    public static EmbeddedKafka start(Path folder, int preferredPort) {
        QuietLogs.hush();
        int port = LoopbackPort.preferredOrFree(preferredPort);
        Path data = folder.toAbsolutePath();
        KafkaRaftServer server;
        try {
            format(data);
            server = new KafkaRaftServer(KafkaConfig.fromProps(settings(data, port), false), Time.SYSTEM);
        } catch (Exception e) {
            throw new StoreException("Kafka could not be prepared in " + data + ": " + e.getMessage(), e);
        }
        try {
            server.startup();
        } catch (RuntimeException e) {
            server.shutdown();
            throw new StoreException(
                    "Kafka did not start on port " + port + " with " + data + ": " + e.getMessage(), e);
        }
        return new EmbeddedKafka(server, port);
    }

    public String bootstrapServers() {
        return LoopbackPort.ADDRESS + ":" + port;
    }

    @Override
    public void close() {
        server.shutdown();
        server.awaitShutdown();
    }

    private static void format(Path data) throws Exception {
        if (Files.exists(data.resolve("meta.properties"))) {
            return;
        }
        try {
            Files.createDirectories(data);
        } catch (IOException e) {
            throw new StoreException("The folder " + data + " cannot be created.", e);
        }
        Formatter formatter = new Formatter();
        formatter
                .setPrintStream(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
                .setNodeId(NODE)
                .setClusterId(Uuid.randomUuid().toString())
                .addDirectory(data.toString())
                .setMetadataLogDirectory(data.toString())
                .setControllerListenerName("CONTROLLER")
                .run();
    }

    private static Properties settings(Path data, int port) {
        // The controller's port may differ from start to start: with static voters it is not part of the stored state.
        int controllerPort = LoopbackPort.free();
        Properties settings = new Properties();
        settings.setProperty("process.roles", "broker,controller");
        settings.setProperty("node.id", Integer.toString(NODE));
        settings.setProperty("controller.quorum.voters", NODE + "@" + LoopbackPort.ADDRESS + ":" + controllerPort);
        settings.setProperty("controller.listener.names", "CONTROLLER");
        settings.setProperty("inter.broker.listener.name", "PLAINTEXT");
        settings.setProperty("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        String broker = "PLAINTEXT://" + LoopbackPort.ADDRESS + ":" + port;
        settings.setProperty("listeners", broker + ",CONTROLLER://" + LoopbackPort.ADDRESS + ":" + controllerPort);
        settings.setProperty("advertised.listeners", broker);
        settings.setProperty("log.dirs", data.toString());

        // Topics are a contract: who forgets to create one must learn it here and not in production.
        settings.setProperty("auto.create.topics.enable", "false");
        settings.setProperty("default.replication.factor", "1");
        settings.setProperty("min.insync.replicas", "1");
        settings.setProperty("offsets.topic.num.partitions", "1");
        settings.setProperty("offsets.topic.replication.factor", "1");
        settings.setProperty("transaction.state.log.num.partitions", "1");
        settings.setProperty("transaction.state.log.replication.factor", "1");
        settings.setProperty("transaction.state.log.min.isr", "1");
        settings.setProperty("share.coordinator.state.topic.num.partitions", "1");
        settings.setProperty("share.coordinator.state.topic.replication.factor", "1");
        settings.setProperty("share.coordinator.state.topic.min.isr", "1");
        // There is nobody to wait for before the first assignment.
        settings.setProperty("group.initial.rebalance.delay.ms", "0");

        // One machine, one application: a few threads and a few megabytes are plenty.
        settings.setProperty("num.network.threads", "2");
        settings.setProperty("num.io.threads", "4");
        settings.setProperty("background.threads", "2");
        settings.setProperty("queued.max.requests", "100");
        settings.setProperty("log.cleaner.dedupe.buffer.size", "4194304");
        settings.setProperty("log.index.size.max.bytes", "1048576");
        settings.setProperty("metadata.log.segment.bytes", "16777216");
        return settings;
    }
}
