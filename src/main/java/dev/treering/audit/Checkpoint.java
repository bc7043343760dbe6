package dev.treering.audit;

import java.security.PublicKey;
import java.time.Instant;
import java.util.Base64;
import java.util.List;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.treering.event.CloudEvent;
import dev.treering.event.Topics;
import dev.treering.support.Json;
import dev.treering.support.Uuids;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * How a chain stood at a time, signed: the value on {@link Topics#CHECKPOINTS}. Signed are these lines: {@code treering
 * checkpoint}, topic, partition, next offset, entries, chain head, time, as the JSON has them.
 *
 * @param chainHead the link of the last of the {@code entries}, in hex
 * @param key which one signed it, for people
 * @param signature Ed25519, base64
 */
record Checkpoint(
        String topic,
        int partition,
        long nextOffset,
        long entries,
        String chainHead,
        Instant time,
        String key,
        String signature) {

    Checkpoint signed(Seal seal) {
        return new Checkpoint(
                topic,
                partition,
                nextOffset,
                entries,
                chainHead,
                time,
                Seal.id(seal.trusted().get(0)),
                Base64.getEncoder().encodeToString(seal.sign(statement())));
    }

    boolean isSignedByOneOf(List<PublicKey> keys) {
        try {
            return signature != null && Seal.holds(keys, Base64.getDecoder().decode(signature), statement());
        } catch (IllegalArgumentException notBase64) {
            return false;
        }
    }

    private String[] statement() {
        return new String[] {
            "treering checkpoint",
            topic,
            Integer.toString(partition),
            Long.toString(nextOffset),
            Long.toString(entries),
            chainHead,
            String.valueOf(time)
        };
    }

    String json() {
        try {
            return Json.CIRCLECI.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a checkpoint is ours and always JSON", e);
        }
    }

    CloudEvent event() {
        String chain = topic + "/" + partition;
        var headers = CloudEvent.headers(
                Uuids.named("checkpoint/%s/%d/%s".formatted(chain, entries, time))
                        .toString(),
                "dev.treering.checkpoint",
                "/trail/" + chain);
        headers.put(CloudEvent.TIME, time.toString());
        return new CloudEvent(Topics.CHECKPOINTS, chain, headers, json().getBytes(UTF_8));
    }
}
