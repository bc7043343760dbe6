package dev.treering.history;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HexFormat;

import dev.treering.event.CloudEvent;
import dev.treering.support.Digests;
import dev.treering.support.Times;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * One record of a topic as the trail keeps it.
 *
 * @param appendedAt Kafka's append time, the same on every reading
 * @param origin the address that it was sent from; null where nobody sent it, or before that was kept
 * @param digest SHA-256 of the body
 * @param leaderEpoch of the log's leader when it was appended; null where the broker does not say
 * @param trace that it belongs to; null where there is none, and of what is read again from the trail
 */
record Fact(
        String topic,
        int partition,
        long offset,
        Instant appendedAt,
        String key,
        String eventId,
        String type,
        String source,
        String receipt,
        Instant receivedAt,
        String secretId,
        String origin,
        byte[] body,
        byte[] digest,
        Integer leaderEpoch,
        String trace) {

    // Where an operator's topic takes the sender's time, it may be anything; the trail has months of real years.
    private static final long LATEST = Instant.parse("9999-01-01T00:00:00Z").toEpochMilli();

    static Fact of(ConsumerRecord<byte[], byte[]> record) {
        byte[] body = record.value() == null ? new byte[0] : record.value();
        String receivedAt = header(record, CloudEvent.RECEIVED_AT);
        return new Fact(
                record.topic(),
                record.partition(),
                record.offset(),
                Instant.ofEpochMilli(Math.max(0, Math.min(record.timestamp(), LATEST))),
                record.key() == null ? null : text(record.key()),
                header(record, CloudEvent.ID),
                header(record, CloudEvent.TYPE),
                header(record, CloudEvent.SOURCE),
                header(record, CloudEvent.RECEIPT),
                // As precise as PostgreSQL keeps it, or the chain could not be verified from what is stored.
                receivedAt == null
                        ? null
                        : Times.parse(receivedAt)
                                .map(time -> time.truncatedTo(ChronoUnit.MICROS))
                                .orElse(null),
                header(record, CloudEvent.SECRET),
                header(record, CloudEvent.ORIGIN),
                body,
                Digests.sha256().digest(body),
                record.leaderEpoch().orElse(null),
                header(record, CloudEvent.TRACE));
    }

    /** What was said, of which it does not matter where it stood. */
    static Fact said(String topic, byte[] body) {
        return new Fact(
                topic,
                0,
                0,
                Instant.EPOCH,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                body,
                Digests.sha256().digest(body),
                null,
                null);
    }

    TopicPartition topicPartition() {
        return new TopicPartition(topic, partition);
    }

    /** The key under which a delivery is known: its event, its webhook, its bytes. */
    record Seen(String eventId, String webhookId, String digest) {}

    Seen seen(String webhookId) {
        return new Seen(
                eventId == null ? "" : eventId, webhookId, HexFormat.of().formatHex(digest));
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? null : text(header.value());
    }

    // Anybody may write to the topic; what goes into a text column must be text and short.
    private static String text(byte[] bytes) {
        return CloudEvent.printable(new String(bytes, UTF_8));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Fact fact
                && topic.equals(fact.topic)
                && partition == fact.partition
                && offset == fact.offset
                && Arrays.equals(digest, fact.digest);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(offset) * 31 + partition;
    }
}
