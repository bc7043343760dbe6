package dev.treering.support;

import java.util.UUID;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class UuidsTest {

    @Test
    void name_gives_a_version_5_id() {
        for (int i = 0; i < 1_000; i++) {
            UUID id = Uuids.named("workflow/" + i);
            assertThat(id.version()).isEqualTo(5);
            assertThat(id.variant()).isEqualTo(2);
        }
    }

    @Test
    void same_name_gives_the_same_id_on_every_machine() {
        // Computed with Python's uuid.uuid5 over the same namespace.
        assertThat(Uuids.named("workflow/δ")).hasToString("f174dda9-8a0d-55e1-b27d-16080feea738");
        assertThat(Uuids.named("a")).isEqualTo(Uuids.named("a")).isNotEqualTo(Uuids.named("b"));
    }
}
