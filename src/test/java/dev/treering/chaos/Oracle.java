package dev.treering.chaos;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.treering.event.CloudEvent;
import dev.treering.event.Topics;
import dev.treering.history.HistoryCheck;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.core.ConditionTimeoutException;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.awaitility.Awaitility.await;

/**
 * The one checker: what must hold after every scenario, whatever happened in it (invariants I1 to I9 but I7, which a scenario
 * asks while its fault lasts). It compares the ledger with the tables and the topics; it asks Treering nothing.
 */
final class Oracle {

    private static final Duration FRESH_WITHIN = Duration.ofSeconds(60);
    private static final Duration CALM_WITHIN = Duration.ofSeconds(180);
    private static final long FRESH_MILLIS = 5_000;
    private static final Duration GIVEN_BACK = Duration.ofSeconds(30);
    private static final long MOST_MEGABYTES = 900;
    // Pools that fill up later than at the first look; a leak under load is beyond this at once.
    private static final long SOME_MORE = 60;
    private static final int MOST_TOLD = 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final World world;
    private final Predicate<Instance> lived;
    private final List<String> violations = new ArrayList<>();
    private final long begin = System.nanoTime();
    private Duration freshAfter = Duration.ZERO;
    private Duration drainedAfter = Duration.ZERO;
    private long lost;
    private long appliedTwice;

    /** @param lived which instances were there during the whole scenario, so that their counters tell all of it */
    Oracle(World world, Predicate<Instance> lived) {
        this.world = world;
        this.lived = lived;
    }

    Duration freshAfter() {
        return freshAfter;
    }

    Duration drainedAfter() {
        return drainedAfter;
    }

    long lost() {
        return lost;
    }

    long appliedTwice() {
        return appliedTwice;
    }

    void check() {
        recovered();
        calm();
        try (Connection connection = world.database().connect()) {
            acknowledgedIsKept(connection);
            accountsBalance();
            chainHolds(connection);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        try (Connection connection = world.database().connect()) {
            HistoryCheck.differences(connection).forEach(difference -> violated("I3", difference));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        eventsTellTheTables();
        bounded();
    }

    void assertNothingViolated() {
        if (!violations.isEmpty()) {
            throw new AssertionError("%d violations, such as%n%s"
                    .formatted(
                            violations.size(),
                            violations.stream().limit(MOST_TOLD).collect(joining(System.lineSeparator()))));
        }
    }

    private void violated(String invariant, String what, Object... values) {
        violations.add(invariant + ": " + what.formatted(values));
    }

    /** I8: new events can be read within seconds again, three in a row. */
    private void recovered() {
        int fresh = 0;
        while (fresh < 3 && sinceBegin().compareTo(FRESH_WITHIN) < 0) {
            long sent = System.nanoTime();
            String id = world.traffic().sendOne().key.split(" ")[0];
            try {
                await().atMost(FRESH_WITHIN)
                        .pollInterval(Duration.ofMillis(50))
                        .ignoreExceptions()
                        .until(() ->
                                world.database().number("select count(*) from seen_event where event_id = '" + id + "'")
                                        > 0);
            } catch (ConditionTimeoutException e) {
                break;
            }
            fresh = (System.nanoTime() - sent) / 1_000_000 < FRESH_MILLIS ? fresh + 1 : 0;
        }
        freshAfter = sinceBegin();
        if (fresh < 3) {
            violated("I8", "%d s after the heal a new event cannot be read within 5 s", freshAfter.toSeconds());
        }
    }

    /** Waits until nothing is under way: every event accepted, the outbox empty, both topics of facts read to their ends. */
    private void calm() {
        try {
            world.traffic().settle(CALM_WITHIN);
            try (KafkaConsumer<byte[], byte[]> kafka = consumer()) {
                await("outbox and topics are drained")
                        .atMost(CALM_WITHIN)
                        .pollInterval(Duration.ofMillis(200))
                        .until(() -> undrained(kafka).isEmpty());
            }
        } catch (ConditionTimeoutException e) {
            try (KafkaConsumer<byte[], byte[]> kafka = consumer()) {
                violated(
                        "I8",
                        "not calm after %d s: %s; %s",
                        sinceBegin().toSeconds(),
                        e.getMessage(),
                        undrained(kafka));
            }
        }
        drainedAfter = sinceBegin();
    }

    private Duration sinceBegin() {
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    /** What is still to be carried over or read. */
    private List<String> undrained(KafkaConsumer<byte[], byte[]> kafka) {
        List<String> left = new ArrayList<>();
        long outbox = world.database().number("select count(*) from outbox");
        if (outbox > 0) {
            left.add("outbox " + outbox);
        }
        Map<TopicPartition, Long> positions = new HashMap<>();
        world.database()
                .rows("select topic, partition, next_offset from stream_position")
                .forEach(row -> positions.put(
                        new TopicPartition(row.get(0), Integer.parseInt(row.get(1))), Long.valueOf(row.get(2))));
        for (String topic : List.of(Topics.WEBHOOKS, Topics.SNAPSHOTS)) {
            Map<TopicPartition, Long> begins = kafka.beginningOffsets(partitions(kafka, topic));
            kafka.endOffsets(partitions(kafka, topic)).forEach((partition, end) -> {
                // What Kafka no longer has is noticed when the next record comes.
                long next = Math.max(begins.get(partition), positions.getOrDefault(partition, 0L));
                if (next < end) {
                    left.add(partition + " " + (end - next));
                }
            });
        }
        return left;
    }

    private static List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> kafka, String topic) {
        return kafka.partitionsFor(topic).stream()
                .map(partition -> new TopicPartition(topic, partition.partition()))
                .toList();
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        return new KafkaConsumer<>(
                Map.of("bootstrap.servers", world.bootstrapServers(), "enable.auto.commit", "false"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
    }

    /** I1 and I2: what was acknowledged is there, nothing else is, and each was applied once. */
    private void acknowledgedIsKept(Connection connection) throws SQLException {
        Set<String> missing = new HashSet<>();
        world.ledger().entries().stream().filter(entry -> entry.owed() > 0).forEach(entry -> missing.add(entry.key));
        long invented = 0;
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        select coalesce(event_id, '') || ' ' || encode(sha256(body), 'hex'), count(*) filter (where outcome = 'applied'),
                            count(*) filter (where outcome = 'dead'), count(*)
                        from trail where topic = 'circleci.webhooks' group by 1""")) {
            while (row.next()) {
                String key = row.getString(1);
                missing.remove(key);
                Ledger.Entry entry = world.ledger().find(key);
                if (entry == null) {
                    if (row.getLong(3) == 0 && invented++ < 3) {
                        violated("I1", "never sent, but in the trail: %s", key);
                    }
                } else {
                    if (row.getLong(2) != 1) {
                        appliedTwice += Math.max(0, row.getLong(2) - 1);
                        violated("I2", "applied %d times: %s", row.getLong(2), key);
                    }
                    // What was tried may have come in once for each attempt; a repeated carry-over has the same
                    // receipt.
                    if (row.getLong(4) < entry.owed()) {
                        violated(
                                "I1",
                                "accepted %d times, but %d times in the trail: %s",
                                entry.owed(),
                                row.getLong(4),
                                key);
                    }
                }
            }
        }
        lost = missing.size();
        missing.stream().limit(5).forEach(key -> violated("I1", "acknowledged, but lost: %s", key));
    }

    /** I5: the counts add up, in the tables and in the metrics of whoever was there all the time. */
    private void accountsBalance() {
        Postgres database = world.database();
        balance(
                "seen deliveries and applied facts",
                database.number("select count(*) from seen_event"),
                database.number("select (select count(*) from trail where outcome = 'applied')"
                        + " + (select count(*) from dead_letter where resolution = 'redriven')"));
        balance(
                "dead letters and dead facts",
                database.number("select count(*) from dead_letter"),
                database.number("select count(*) from trail where outcome = 'dead'"));
        balance(
                "facts and their outcomes",
                database.number("select count(*) from trail"),
                database.number("select count(*) from trail where outcome in ('applied', 'duplicate', 'dead')"));
        balance(
                "tasks and their states",
                database.number("select count(*) from enrichment_task"),
                database.number(
                        "select count(*) from enrichment_task where state in ('done', 'pending', 'given_up', 'not_found')"));
        balance(
                "tasks and their tally",
                database.number("select count(*) from enrichment_task"),
                database.number("select coalesce(sum(tasks), 0) from task_tally"));
        for (Instance receiver : world.receivers()) {
            if (lived.test(receiver)) {
                balance(
                        "what " + receiver.name() + " received, and published, stored and refused",
                        (long) receiver.metric("treering_webhooks_received_total"),
                        (long) (receiver.metric("treering_webhooks_published_total")
                                + receiver.metric("treering_webhooks_outboxed_total")
                                + receiver.metric("treering_webhooks_refused_total")));
            }
        }
    }

    private void balance(String what, long one, long other) {
        if (one != other) {
            violated("I5", "%s: %d and %d", what, one, other);
        }
    }

    /** I9: every link of the chain can be computed again, up to the positions. */
    private void chainHolds(Connection connection) throws SQLException {
        Map<String, String> positions = HistoryCheck.positions(connection);
        try {
            Map<String, String> heads = HistoryCheck.walkChain(connection);
            if (!heads.equals(positions)) {
                violated("I9", "the chain ends at %s, the positions are %s", heads, positions);
            }
        } catch (AssertionError e) {
            violated("I9", e.getMessage());
        }
    }

    /** I2 and I4: one record for an id; every row's state was told, and none had been told a later end before. */
    private void eventsTellTheTables() {
        Map<String, String> states = new HashMap<>();
        Map<String, Instant> ends = new HashMap<>();
        for (String table : List.of("workflow", "job")) {
            world.database()
                    .rows(
                            "select id, status, to_char(stopped_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
                                    + " from " + table + " where status is not null")
                    .forEach(row -> {
                        states.put(row.get(0), row.get(1));
                        ends.put(row.get(0), row.get(2) == null ? Instant.EPOCH : Instant.parse(row.get(2)));
                    });
        }
        Set<String> untold = new HashSet<>(states.keySet());
        Map<String, String> values = new HashMap<>();
        read(Topics.EVENTS, record -> {
            String id = new String(record.headers().lastHeader(CloudEvent.ID).value(), UTF_8);
            String digest = Sha256.hex(
                    world.ledger().setBack()
                            // Told again, it knows of its neighbours what is known then.
                            ? ((ObjectNode) tree(record.value()))
                                    .without("transition")
                                    .toString()
                                    .getBytes(UTF_8)
                            : record.value());
            String before = values.putIfAbsent(id, digest);
            if (before != null && !before.equals(digest)) {
                violated("I2", "two different records for the event %s: %s", id, new String(record.value(), UTF_8));
            }
            JsonNode told = tree(record.value());
            String entity = told.path("entity_id").asText();
            Instant end = told.path("stopped_at").isTextual()
                    ? Instant.parse(told.path("stopped_at").asText())
                    : Instant.EPOCH;
            Instant stands = ends.get(entity);
            if (stands != null && end.isAfter(stands)) {
                violated("I4", "%s was told to end at %s, but ends at %s", entity, end, stands);
            }
            if (end.equals(stands) && told.path("status").asText().equals(states.get(entity))) {
                untold.remove(entity);
            }
        });
        untold.stream()
                .limit(3)
                .forEach(entity -> violated("I4", "nobody was told of %s %s", entity, states.get(entity)));
    }

    private static JsonNode tree(byte[] value) {
        try {
            return JSON.readTree(value);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void read(String topic, Consumer<ConsumerRecord<byte[], byte[]>> reader) {
        try (KafkaConsumer<byte[], byte[]> kafka = consumer()) {
            List<TopicPartition> partitions = partitions(kafka, topic);
            Map<TopicPartition, Long> ends = kafka.endOffsets(partitions);
            kafka.assign(partitions);
            kafka.seekToBeginning(partitions);
            while (partitions.stream().anyMatch(partition -> kafka.position(partition) < ends.get(partition))) {
                kafka.poll(Duration.ofSeconds(1)).forEach(reader);
            }
        }
    }

    /**
     * I6: no instance outgrows its machine, and none takes more and more threads and descriptors. What many connections at
     * once took is given back when they have been idle for long enough.
     */
    private void bounded() {
        for (Instance instance : world.instances()) {
            Part.Footprint first = instance.firstFootprint();
            Part.Footprint now = instance.footprint();
            if (now.megabytes() > MOST_MEGABYTES) {
                violated("I6", "%s takes %d MB", instance.name(), now.megabytes());
            }
            try {
                await().atMost(GIVEN_BACK).until(() -> !grown(first, instance.footprint()));
            } catch (ConditionTimeoutException e) {
                violated("I6", "%s grew from %s to %s", instance.name(), first, instance.footprint());
            }
        }
    }

    private static boolean grown(Part.Footprint first, Part.Footprint now) {
        return now.threads() > first.threads() + SOME_MORE || now.descriptors() > first.descriptors() + 4 * SOME_MORE;
    }
}
