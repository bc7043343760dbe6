package dev.treering.event;

import java.time.Instant;
import java.util.UUID;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class ActTest {

    private static CloudEvent event(String actor) {
        Act act = new Act(
                UUID.randomUUID(),
                Instant.EPOCH,
                actor,
                null,
                "192.0.2.7",
                "POST",
                "/api/tokens",
                "Token_create",
                null,
                null);
        return CloudEvent.of(act, new byte[0]);
    }

    @Test
    void source_of_an_act_names_the_actor_and_is_a_uri() {
        assertThat(event("Änne, on call").headers())
                .containsEntry("ce_source", "/actors/%C3%84nne%2C+on+call")
                .containsEntry("ce_origin", "192.0.2.7")
                .containsEntry("ce_type", "dev.treering.act.begun");
        assertThat(Act.actor("/actors/%C3%84nne%2C+on+call")).isEqualTo("Änne, on call");
    }

    @Test
    void very_long_name_is_cut_where_it_can_still_be_read() {
        // Given
        String name = "Ж".repeat(100);

        // When
        String source = event(name).headers().get("ce_source");

        // Then
        assertThat(source).hasSizeLessThan(256).isEqualTo(Act.source(name));
        assertThat(Act.actor(source)).startsWith("Ж".repeat(30));
    }

    @Test
    void source_that_is_no_act_has_no_actor() {
        assertThat(Act.actor("/projects/1")).isNull();
        assertThat(Act.actor("/actors/%zz")).isNull();
        assertThat(Act.actor(null)).isNull();
    }
}
