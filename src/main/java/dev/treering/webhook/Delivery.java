package dev.treering.webhook;

import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.treering.event.CloudEvent;
import dev.treering.event.Topics;
import dev.treering.support.Json;
import dev.treering.support.Times;

/**
 * One verified request. It looks into the body only for what a topic's record needs beside it, and takes what it finds:
 * a signed body is accepted whatever it says.
 */
record Delivery(
        UUID receipt, Instant receivedAt, String endpoint, String secretId, String origin, byte[] body, Peek peek) {

    /** What the body says of itself at first glance; each may be null. */
    record Peek(String id, String type, String happenedAt, String projectId, String webhookId) {

        static Peek into(byte[] body) {
            String id = null;
            String type = null;
            String happenedAt = null;
            String projectId = null;
            String webhookId = null;
            try (JsonParser json = Json.FACTORY.createParser(body)) {
                if (json.nextToken() == JsonToken.START_OBJECT) {
                    // CircleCI says these first; what follows, most of the body, need not be read here.
                    while ((id == null || type == null || happenedAt == null || projectId == null || webhookId == null)
                            && json.nextToken() == JsonToken.FIELD_NAME) {
                        String name = json.currentName();
                        json.nextToken();
                        switch (name) {
                            case "id" -> id = text(json);
                            case "type" -> type = text(json);
                            case "happened_at" -> happenedAt = text(json);
                            case "project" -> projectId = idIn(json);
                            case "webhook" -> webhookId = idIn(json);
                            default -> json.skipChildren();
                        }
                    }
                }
            } catch (IOException notJson) {
                // Signed, so accepted as it is: the history will say that it cannot be read.
                return new Peek(id, type, happenedAt, projectId, webhookId);
            }
            return new Peek(id, type, happenedAt, projectId, webhookId);
        }

        private static String text(JsonParser json) throws IOException {
            if (json.currentToken() == JsonToken.VALUE_STRING) {
                return json.getText();
            }
            json.skipChildren();
            return null;
        }

        private static String idIn(JsonParser json) throws IOException {
            String id = null;
            if (json.currentToken() == JsonToken.START_OBJECT) {
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    boolean named = json.currentName().equals("id");
                    json.nextToken();
                    if (named) {
                        id = text(json);
                    } else {
                        json.skipChildren();
                    }
                }
            }
            return id;
        }
    }

    /** The record for {@code circleci.webhooks}: the body untouched, the rest beside it. */
    CloudEvent toCloudEvent() {
        Map<String, String> headers = CloudEvent.headers(
                peek.id == null ? receipt.toString() : peek.id,
                "com.circleci." + (peek.type == null ? "unknown" : peek.type),
                source());
        if (peek.happenedAt != null) {
            Times.parse(peek.happenedAt).ifPresent(time -> headers.put(CloudEvent.TIME, time.toString()));
        }
        headers.put(CloudEvent.RECEIPT, receipt.toString());
        headers.put(CloudEvent.RECEIVED_AT, receivedAt.toString());
        headers.put(CloudEvent.ENDPOINT, endpoint);
        headers.put(CloudEvent.SECRET, secretId);
        if (origin != null) {
            headers.put(CloudEvent.ORIGIN, CloudEvent.printable(origin));
        }
        String key = peek.projectId != null ? peek.projectId : peek.webhookId;
        return new CloudEvent(Topics.WEBHOOKS, key == null ? null : CloudEvent.printable(key), headers, body);
    }

    private String source() {
        if (peek.projectId != null) {
            return "/projects/" + peek.projectId;
        }
        return peek.webhookId != null ? "/webhooks/" + peek.webhookId : "/webhooks";
    }
}
