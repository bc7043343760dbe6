package dev.treering.live;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

import jakarta.inject.Singleton;

import dev.treering.event.CloudEvent;
import dev.treering.support.Notice;
import io.vertx.core.buffer.Buffer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The last minutes of the topic, in the order in which this instance read them. It is the queue of all clients: each has a
 * place in it and takes what follows when it can, so that one that is slow costs no memory. Bounded by time, number and bytes.
 */
@Singleton
class Ring {

    // Within a client's queue, and large beside an event.
    private static final int CHUNK = 64 * 1024;
    private static final int MOST_SHARED = 64;

    private final Event[] events;
    private final long mostBytes;
    private final long span;
    private final Notice unreadable = new Notice();
    // What clients at the same place with the same filter share, until something follows.
    private final Map<Object, Chunk> shared = new HashMap<>();
    private int generation;
    // Sequence numbers: of the oldest event, and of the one to come.
    private long first;
    private long last;
    private long bytes;
    // Whoever has everything before these offsets can go on here.
    private long[] kept;
    private Position head;
    private Position end;

    /** Where a client is; the ring moves it. */
    static final class Place {

        private int generation;
        private long sequence;
        // What it had when it came, while it may be ahead of what it is given. Then ids are its own.
        private Position had;
        private String id;

        /** @param id of the last event it got; null where it begins now */
        Place(String id) {
            this.id = id;
        }

        /** Null before the ring knows the place: what a client says itself is not repeated. */
        String id() {
            return generation == 0 ? null : id;
        }
    }

    /** Events to be sent, none where the filter wants none of them; {@code lost} where the ring went on without the client. */
    record Chunk(Buffer buffer, long next, String id, boolean lost) {}

    private record Asked(long sequence, Filter filter) {}

    Ring(LiveConfig config) {
        events = new Event[config.ringEvents()];
        mostBytes = config.ringSize().asLongValue();
        span = config.ringSpan().toMillis();
    }

    Duration span() {
        return Duration.ofMillis(span);
    }

    /**
     * Begins, or begins anew: what follows is read from these offsets on.
     *
     * @param end the offsets at which the log ends now: who comes without a place is told what comes after them
     */
    synchronized void begin(String log, long[] from, long[] end) {
        generation++;
        Arrays.fill(events, null);
        shared.clear();
        first = last;
        bytes = 0;
        kept = from.clone();
        head = new Position(log, from.clone());
        this.end = new Position(log, end);
    }

    synchronized void add(ConsumerRecord<byte[], byte[]> record) {
        head.next()[record.partition()] = record.offset() + 1;
        // What an operator publishes again is news for those who missed it, and not for who watches.
        if (Event.header(record, CloudEvent.REPUBLISHED).equals("true")) {
            return;
        }
        try {
            Event event = Event.of(record, head.text());
            while (last > first
                    && (last - first == events.length
                            || bytes + event.size() > mostBytes
                            || oldest().time() < event.time() - span)) {
                drop();
            }
            events[slot(last++)] = event;
            bytes += event.size();
            shared.clear();
        } catch (IOException e) {
            unreadable.say("circleci.events has a record that is none of ours: " + e.getMessage());
        }
    }

    private Event oldest() {
        return events[slot(first)];
    }

    private void drop() {
        Event event = oldest();
        kept[event.partition()] = event.offset() + 1;
        bytes -= event.size();
        events[slot(first++)] = null;
    }

    private int slot(long sequence) {
        return (int) (sequence % events.length);
    }

    /** What follows for a client that stands there, and moves it; null while there is nothing. */
    synchronized Chunk read(Place place, Filter filter) {
        if (head == null) {
            return null;
        }
        if (place.generation != generation) {
            return enter(place);
        }
        if (place.sequence < first) {
            return new Chunk(Buffer.buffer(), first, place.id, true);
        }
        if (place.sequence == last) {
            return null;
        }
        if (shared.size() == MOST_SHARED) {
            shared.clear();
        }
        Chunk chunk = place.had == null
                ? shared.computeIfAbsent(new Asked(place.sequence, filter), asked -> collect(place.sequence, filter))
                : catchUp(place, filter);
        place.sequence = chunk.next;
        place.id = chunk.id;
        return chunk;
    }

    private Chunk enter(Place place) {
        Position now = head.furthest(end);
        Position had = place.id == null
                ? now
                : Position.parse(place.id).filter(this::canResume).orElse(null);
        String said = had == null
                ? "event: reset\ndata: {\"reason\":\"What came after your last event is not kept here any more\"}\n"
                : "";
        place.generation = generation;
        place.sequence = first;
        place.had = had == null ? now : had;
        place.id = place.had.text();
        return new Chunk(Buffer.buffer(said).appendBytes(Event.idLine(place.id)), place.sequence, place.id, false);
    }

    private boolean canResume(Position had) {
        return had.log().equals(head.log()) && had.next().length <= kept.length && had.covers(new Position("", kept));
    }

    private Chunk collect(long from, Filter filter) {
        Buffer buffer = Buffer.buffer();
        long sequence = from;
        for (; sequence < last && buffer.length() < CHUNK; sequence++) {
            Event event = events[slot(sequence)];
            if (filter.matches(event)) {
                buffer.appendBytes(event.frame());
            }
        }
        return new Chunk(buffer, sequence, events[slot(sequence - 1)].id(), false);
    }

    /** Leaves out what the client has, and tells it of no place behind its own. */
    private Chunk catchUp(Place place, Filter filter) {
        Buffer buffer = Buffer.buffer();
        String id = place.id;
        long sequence = place.sequence;
        for (; sequence < last && buffer.length() < CHUNK; sequence++) {
            Event event = events[slot(sequence)];
            if (event.offset() < place.had.of(event.partition())) {
                continue;
            }
            Position at = Position.parse(event.id()).orElseThrow();
            if (at.covers(place.had)) {
                // From here on it is as all others.
                place.had = null;
                break;
            }
            id = at.furthest(place.had).text();
            if (filter.matches(event)) {
                buffer.appendBytes(event.frame(), 0, event.idAt()).appendBytes(Event.idLine(id));
            }
        }
        return new Chunk(buffer, sequence, id, false);
    }
}
