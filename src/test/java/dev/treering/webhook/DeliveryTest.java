package dev.treering.webhook;

import java.time.Instant;
import java.util.UUID;

import dev.treering.Payloads;
import dev.treering.event.CloudEvent;
import dev.treering.event.Topics;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

class DeliveryTest {

    private static final UUID RECEIPT = UUID.fromString("00000000-0000-4000-8000-000000000001");
    private static final Instant RECEIVED_AT = Instant.parse("2026-03-02T09:17:45Z");

    @Test
    void record_of_a_webhook_carries_its_attributes_and_the_untouched_bytes() {
        // Given
        byte[] body = Payloads.webhook("github-workflow-completed");

        // When
        CloudEvent event = event(body);

        // Then
        assertThat(event.topic()).isEqualTo(Topics.WEBHOOKS);
        assertThat(event.key()).isEqualTo("5b1d7e90-2222-4f3a-9b20-7c4d8e6f0a02");
        assertThat(event.value()).isSameAs(body);
        assertThat(event.headers())
                .containsEntry("ce_specversion", "1.0")
                .containsEntry("ce_id", "9d3c5e71-5555-3a40-b1f2-3d4e5f6a7b05")
                .containsEntry("ce_type", "com.circleci.workflow-completed")
                .containsEntry("ce_source", "/projects/5b1d7e90-2222-4f3a-9b20-7c4d8e6f0a02")
                .containsEntry("ce_time", "2026-03-02T09:17:44.903112Z")
                .containsEntry("ce_receiptid", RECEIPT.toString())
                .containsEntry("ce_receivedat", "2026-03-02T09:17:45Z")
                .containsEntry("ce_endpoint", "default")
                .containsEntry("ce_secretid", "a1b2c3d4")
                .containsEntry("content-type", "application/json");
    }

    @Test
    void job_that_names_its_id_and_project_late_is_keyed_by_its_project() {
        // When
        CloudEvent event = event(Payloads.webhook("github-job-completed"));

        // Then
        assertThat(event.key()).isEqualTo("5b1d7e90-2222-4f3a-9b20-7c4d8e6f0a02");
        assertThat(event.headers())
                .containsEntry("ce_id", "1f6a8b9c-6666-3c51-92e3-4e5f6a7b8c06")
                .containsEntry("ce_type", "com.circleci.job-completed");
    }

    @Test
    void ping_is_keyed_by_its_webhook() {
        // When
        CloudEvent event = event(Payloads.webhook("ping"));

        // Then
        assertThat(event.key()).isEqualTo("0c9b1f6e-4e55-4d0a-9a55-5d6f0d1e7a01");
        assertThat(event.headers()).containsEntry("ce_source", "/webhooks/0c9b1f6e-4e55-4d0a-9a55-5d6f0d1e7a01");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "\u0000\u0001", "not json", "[]", "[{\"id\":\"x\"}]", "42", "null", "{\"id\"", "{\"id\":{"})
    @Tag("F11")
    void bytes_that_say_nothing_are_taken_under_their_receipt(String body) {
        // When
        CloudEvent event = event(body.getBytes(UTF_8));

        // Then
        assertThat(event.key()).isNull();
        assertThat(event.value()).isEqualTo(body.getBytes(UTF_8));
        assertThat(event.headers())
                .containsEntry("ce_id", RECEIPT.toString())
                .containsEntry("ce_type", "com.circleci.unknown")
                .containsEntry("ce_source", "/webhooks")
                .doesNotContainKey("ce_time");
    }

    @Test
    void what_was_found_before_the_bytes_broke_off_is_kept() {
        // When
        CloudEvent event = event("{\"type\":\"ping\",\"id\":\"e-1\",\"project\":{\"id\":\"p-1\"".getBytes(UTF_8));

        // Then
        assertThat(event.headers()).containsEntry("ce_id", "e-1").containsEntry("ce_type", "com.circleci.ping");
    }

    @Test
    void ids_of_nested_objects_are_not_mistaken_for_the_event() {
        // Given
        String body = """
                {"workflow":{"id":"w","type":"t","project":{"id":"no"}},"list":[{"id":"no"}],
                 "project":{"nested":{"id":"no"},"id":"p","list":["id"]},"id":"e"}""";

        // When
        CloudEvent event = event(body.getBytes(UTF_8));

        // Then
        assertThat(event.key()).isEqualTo("p");
        assertThat(event.headers()).containsEntry("ce_id", "e").containsEntry("ce_type", "com.circleci.unknown");
    }

    @Test
    void attributes_that_are_no_text_count_as_absent() {
        // When
        CloudEvent event = event("{\"id\":7,\"type\":{\"id\":\"x\"},\"project\":\"p\",\"webhook\":[]}".getBytes(UTF_8));

        // Then
        assertThat(event.key()).isNull();
        assertThat(event.headers())
                .containsEntry("ce_id", RECEIPT.toString())
                .containsEntry("ce_type", "com.circleci.unknown");
    }

    @Test
    void control_characters_and_excess_stay_out_of_key_and_headers() {
        // Given
        String hostile = "a\\r\\nb\\u0000" + "x".repeat(1_000);
        String body = "{\"id\":\"%1$s\",\"type\":\"%1$s\",\"project\":{\"id\":\"%1$s\"}}".formatted(hostile);

        // When
        CloudEvent event = event(body.getBytes(UTF_8));

        // Then
        assertThat(event.key()).startsWith("abx").hasSizeLessThanOrEqualTo(256);
        assertThat(event.headers().values())
                .allSatisfy(
                        value -> assertThat(value).hasSizeLessThanOrEqualTo(256).matches("[ -~]+"));
        assertThat(event.headers())
                .hasEntrySatisfying("ce_type", type -> assertThat(type).startsWith("com.circleci.abx"));
    }

    @Test
    @Tag("F11")
    void hostile_nesting_is_taken_without_being_read() {
        // Given
        byte[] body = ("{\"a\":" + "[".repeat(100_000)).getBytes(UTF_8);

        // When
        CloudEvent event = event(body);

        // Then
        assertThat(event.headers()).containsEntry("ce_id", RECEIPT.toString());
    }

    private static CloudEvent event(byte[] body) {
        return new Delivery(RECEIPT, RECEIVED_AT, "default", "a1b2c3d4", "192.0.2.7", body, Delivery.Peek.into(body))
                .toCloudEvent();
    }
}
