package dev.treering.live;

import java.io.IOException;
import java.util.UUID;

import dev.treering.event.CloudEvent;
import dev.treering.support.Json;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * A record of the topic as it goes to clients, made once for all of them.
 *
 * @param told what filters look at
 * @param frame the server-sent event
 * @param idAt where in the frame its last line, the id, begins
 */
record Event(int partition, long offset, long time, String type, Told told, byte[] frame, int idAt) {

    // What the objects around the frame take, roughly.
    private static final int AROUND = 400;

    /** As text where we have an enumeration: another version may write words that this one does not know. */
    record Told(UUID projectId, String projectSlug, String entity, String branch, String outcome) {}

    /** @throws IOException when the value is none of ours */
    static Event of(ConsumerRecord<byte[], byte[]> record, String id) throws IOException {
        Told told = record.value() == null ? null : Json.CIRCLECI.readValue(record.value(), Told.class);
        if (told == null) {
            throw new IOException("there is nothing in it");
        }
        String type = CloudEvent.printable(header(record, CloudEvent.TYPE));
        // Between its tokens JSON may have line ends, which would end the event.
        String data = new String(record.value(), UTF_8).replace('\n', ' ').replace('\r', ' ');
        byte[] head = "event: %s\ndata: %s\n".formatted(type, data).getBytes(UTF_8);
        byte[] last = idLine(id);
        byte[] frame = new byte[head.length + last.length];
        System.arraycopy(head, 0, frame, 0, head.length);
        System.arraycopy(last, 0, frame, head.length, last.length);
        return new Event(record.partition(), record.offset(), record.timestamp(), type, told, frame, head.length);
    }

    static byte[] idLine(String id) {
        return "id: %s\n\n".formatted(id).getBytes(UTF_8);
    }

    static String header(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? "" : new String(header.value(), UTF_8);
    }

    String id() {
        return new String(frame, idAt + 4, frame.length - idAt - 6, UTF_8);
    }

    int size() {
        return frame.length + AROUND;
    }
}
