package dev.treering.event;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiConsumer;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * A record for a topic in CloudEvents 1.0, Kafka binding, binary mode: attributes are {@code ce_*} headers, the value is
 * the data.
 *
 * @param topic one of {@link Topics}
 * @param key the project's id, so that one project's records stay in one partition; null spreads them
 * @param headers header names and values, in the order in which they are written
 * @param value the data, never null
 */
public record CloudEvent(String topic, String key, Map<String, String> headers, byte[] value) {

    public static final String ID = "ce_id";
    public static final String TYPE = "ce_type";
    public static final String SOURCE = "ce_source";
    public static final String TIME = "ce_time";

    /** The id of the entity that it tells of. */
    public static final String SUBJECT = "ce_subject";

    /** Which of {@code docs/schemas} the value follows. */
    public static final String SCHEMA = "ce_dataschema";

    /** One id per HTTP request: an echo (in Kafka and in the outbox after a timeout) carries the same one. */
    public static final String RECEIPT = "ce_receiptid";

    /** When the receiver had verified the request, RFC 3339. */
    public static final String RECEIVED_AT = "ce_receivedat";

    /** Which secret verified the request: a fingerprint, never the secret. */
    public static final String SECRET = "ce_secretid";

    /** The endpoint of the webhook door that took the request. */
    public static final String ENDPOINT = "ce_endpoint";

    /** The address that the request came from, of a proxy's client where the settings trust the proxy. */
    public static final String ORIGIN = "ce_origin";

    /**
     * {@code true} on a record of {@link Topics#EVENTS} that was published before and is again, for a consumer that missed it.
     * Whoever tells people of events passes over these.
     */
    public static final String REPUBLISHED = "ce_republished";

    /** The trace that it belongs to, as W3C says it (and CloudEvents' distributed tracing); absent while nothing is traced. */
    public static final String TRACE = "traceparent";

    // Headers are ours to keep small: a hostile type or id must not fill the broker or break a reader.
    private static final int LONGEST_ATTRIBUTE = 256;

    /** Starts the headers every record has. */
    public static Map<String, String> headers(String id, String type, String source) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("ce_specversion", "1.0");
        headers.put(ID, printable(id));
        headers.put(TYPE, printable(type));
        headers.put(SOURCE, printable(source));
        headers.put("content-type", "application/json");
        return headers;
    }

    /** Where a project's records say they come from. */
    public static String projectSource(UUID projectId) {
        return "/projects/" + projectId;
    }

    public static CloudEvent of(Snapshot snapshot, byte[] value) {
        var headers = headers(
                snapshot.id().toString(),
                "dev.treering.snapshot." + snapshot.subject(),
                projectSource(snapshot.projectId()));
        headers.put(TIME, snapshot.observedAt().toString());
        headers.put(SCHEMA, "urn:treering:schema:snapshot");
        return new CloudEvent(Topics.SNAPSHOTS, snapshot.projectId().toString(), headers, value);
    }

    public static CloudEvent of(Change change, byte[] value) {
        var headers = headers(
                change.id().toString(),
                typeOfChange(change.entity()),
                change.projectId() == null ? "/projects" : projectSource(change.projectId()));
        headers.put(SUBJECT, change.entityId().toString());
        headers.put(SCHEMA, "urn:treering:schema:change");
        Instant time = change.stoppedAt() != null ? change.stoppedAt() : change.createdAt();
        if (time != null) {
            headers.put(TIME, time.toString());
        }
        String key = change.projectId() == null
                ? change.entityId().toString()
                : change.projectId().toString();
        return new CloudEvent(Topics.EVENTS, key, headers, value);
    }

    /** The type of what tells that one of these has changed: {@code job}, {@code workflow}, {@code pipeline} or {@code project}. */
    public static String typeOfChange(String entity) {
        return "dev.treering." + entity + ".changed";
    }

    public static CloudEvent of(Act act, byte[] value) {
        String moment = act.status() == null ? "begun" : "ended";
        var headers = headers(act.id() + "-" + moment, Act.TYPE + moment, act.source());
        headers.put(TIME, act.at().toString());
        headers.put(RECEIPT, act.id().toString());
        headers.put(RECEIVED_AT, act.at().toString());
        if (act.origin() != null) {
            headers.put(ORIGIN, printable(act.origin()));
        }
        // Both records of an act go to one partition.
        return new CloudEvent(Topics.ACTS, act.id().toString(), headers, value);
    }

    /** The same record, marked as one that was published before. */
    public CloudEvent republished() {
        return with(REPUBLISHED, "true");
    }

    /** The same record with one more header; none where the text is null. */
    public CloudEvent with(String header, String text) {
        if (text == null) {
            return this;
        }
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, text);
        return new CloudEvent(topic, key, more, value);
    }

    /** The same record, as what follows from a fact that was received then and belongs to that trace; null where that is not known. */
    public CloudEvent following(Instant receivedAt, String trace) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        if (receivedAt != null) {
            more.put(RECEIVED_AT, receivedAt.toString());
        }
        if (trace != null) {
            more.put(TRACE, trace);
        }
        return new CloudEvent(topic, key, more, value);
    }

    /** Hands over the headers as they travel. */
    public void forEachHeader(BiConsumer<String, byte[]> to) {
        headers.forEach((name, text) -> to.accept(name, text.getBytes(UTF_8)));
    }

    public byte[] keyBytes() {
        return key == null ? null : key.getBytes(UTF_8);
    }

    /** The text without control characters and no longer than a header may be. */
    public static String printable(String text) {
        // Nearly every text is an id or a short word; looking is much cheaper than writing it anew.
        if (text.length() <= LONGEST_ATTRIBUTE && !text.isBlank() && !hasControl(text)) {
            return text;
        }
        String clean = text.codePoints()
                .filter(c -> !Character.isISOControl(c))
                .limit(LONGEST_ATTRIBUTE)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        return clean.isBlank() ? "unknown" : clean;
    }

    private static boolean hasControl(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isISOControl(text.charAt(i))) {
                return true;
            }
        }
        return false;
    }
}
