package dev.treering.enrichment;

import java.util.concurrent.CompletableFuture;

import jakarta.inject.Singleton;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.treering.event.CloudEvent;
import dev.treering.event.Snapshot;
import dev.treering.support.Json;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.kafka.api.OutgoingKafkaRecordMetadata;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.Metadata;

/** The way out to {@code circleci.snapshots}. */
@Singleton
class Snapshots {

    private final MutinyEmitter<byte[]> channel;

    Snapshots(@Channel("snapshots") MutinyEmitter<byte[]> channel) {
        this.channel = channel;
    }

    /** Completes when Kafka has the snapshot for good. */
    CompletableFuture<Void> publish(Snapshot snapshot, String trace) {
        try {
            CloudEvent event = CloudEvent.of(snapshot, Json.CIRCLECI.writeValueAsBytes(snapshot))
                    .with(CloudEvent.TRACE, trace);
            var headers = new RecordHeaders();
            event.forEachHeader(headers::add);
            return channel.sendMessage(Message.of(
                            event.value(),
                            Metadata.of(OutgoingKafkaRecordMetadata.<byte[]>builder()
                                    .withKey(event.keyBytes())
                                    .withHeaders(headers)
                                    .build())))
                    .subscribeAsCompletionStage();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a snapshot is ours and always JSON", e);
        }
    }
}
