package dev.treering.outbox;

import jakarta.inject.Inject;

import dev.treering.FlowTest;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

@FlowTest
class PublisherTest {

    @Inject
    Publisher publisher;

    @Test
    void theRunningProducer_losesNothingAndNeverBlocks() throws ReflectiveOperationException {
        // Given the producer that runs, not what we meant to give it
        var field = Publisher.class.getDeclaredField("producer");
        field.setAccessible(true);
        KafkaProducer<?, ?> producer = (KafkaProducer<?, ?>) field.get(publisher);
        var configuration = KafkaProducer.class.getDeclaredField("producerConfig");
        configuration.setAccessible(true);
        // When
        ProducerConfig running = (ProducerConfig) configuration.get(producer);
        // Then
        assertThat(running.getString(ProducerConfig.ACKS_CONFIG)).isEqualTo("-1"); // "all", as the client keeps it
        assertThat(running.getBoolean(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG)).isTrue();
        assertThat(running.getLong(ProducerConfig.MAX_BLOCK_MS_CONFIG)).isZero();
        assertThat(running.getInt(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG)).isEqualTo(2000);
        assertThat(running.getInt(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG)).isEqualTo(1000);
        assertThat(running.getLong(ProducerConfig.LINGER_MS_CONFIG)).isLessThanOrEqualTo(5);
    }
}
