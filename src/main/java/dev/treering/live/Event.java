package dev.treering.live;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import dev.treering.event.CloudEvent;
import dev.treering.support.Json;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * A record of the topic as it goes to clients, made once for all of them.
 *
 * @param entity {@code workflow}, {@code job} or {@code pipeline}
 * @param frame the server-sent event
 * @param dataAt where in the frame the value begins
 * @param idAt where in the frame its last line, the id, begins
 * @param read what was read of the value so far
 */
record Event(
        int partition,
        long offset,
        long time,
        String entity,
        byte[] frame,
        int dataAt,
        int idAt,
        AtomicReference<Told> read) {

    // What the objects around the frame take, roughly.
    private static final int AROUND = 400;
    private static final Pattern TYPE = Pattern.compile("dev\\.treering\\.(\\w+)\\.changed");

    /** What filters look at. As text where we have an enumeration: another version may write words that this one does not know. */
    record Told(UUID projectId, String projectSlug, String branch, String outcome) {}

    // No filter matches it.
    private static final Told NOTHING = new Told(null, null, null, null);

    /** @throws IOException when the record is none of ours */
    static Event of(ConsumerRecord<byte[], byte[]> record, String id) throws IOException {
        Matcher type = TYPE.matcher(header(record, CloudEvent.TYPE));
        if (record.value() == null || !type.matches()) {
            throw new IOException("it has no value, or not the type of one");
        }
        byte[] head = "event: %s\ndata: ".formatted(type.group()).getBytes(UTF_8);
        byte[] last = idLine(id);
        int dataAt = head.length;
        int end = dataAt + record.value().length;
        byte[] frame = ByteBuffer.allocate(end + 1 + last.length)
                .put(head)
                .put(record.value())
                .put((byte) '\n')
                .put(last)
                .array();
        // Between its tokens JSON may have line ends, which would end the event.
        for (int i = dataAt; i < end; i++) {
            if (frame[i] == '\n' || frame[i] == '\r') {
                frame[i] = ' ';
            }
        }
        return new Event(
                record.partition(),
                record.offset(),
                record.timestamp(),
                type.group(1),
                frame,
                dataAt,
                end + 1,
                new AtomicReference<>());
    }

    static byte[] idLine(String id) {
        return "id: %s\n\n".formatted(id).getBytes(UTF_8);
    }

    static String header(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? "" : new String(header.value(), UTF_8);
    }

    /** Read when the first filter asks for it: a start takes in minutes of events, mostly for nobody. */
    Told told() {
        if (read.get() == null) {
            read.set(readValue());
        }
        return read.get();
    }

    private Told readValue() {
        try {
            Told told = Json.CIRCLECI.readValue(frame, dataAt, idAt - 1 - dataAt, Told.class);
            return told == null ? NOTHING : told;
        } catch (IOException e) {
            return NOTHING;
        }
    }

    String id() {
        return new String(frame, idAt + 4, frame.length - idAt - 6, UTF_8);
    }

    int size() {
        return frame.length + AROUND;
    }
}
