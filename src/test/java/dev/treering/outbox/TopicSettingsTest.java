package dev.treering.outbox;

import java.util.List;
import java.util.Map;

import dev.treering.FlowTest;
import dev.treering.event.Topics;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

@FlowTest
class TopicSettingsTest {

    @ConfigProperty(name = "kafka.bootstrap.servers")
    String kafka;

    private static void set(Admin admin, String name, String value) throws Exception {
        admin.incrementalAlterConfigs(Map.of(
                        new ConfigResource(ConfigResource.Type.TOPIC, Topics.EVENTS),
                        List.of(new AlterConfigOp(new ConfigEntry(name, value), OpType.SET))))
                .all()
                .get();
    }

    @Test
    @Tag("F30")
    void what_somebody_changed_in_a_topic_is_named_and_what_we_made_is_as_it_must_be() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka))) {
            // Given
            assertThat(TopicSettings.differences(admin, Topics.ALL)).isEmpty();
            try {
                // When
                set(admin, "cleanup.policy", "compact");
                set(admin, "max.message.bytes", "1000");
                // Then
                assertThat(TopicSettings.differences(admin, Topics.ALL))
                        .containsExactly(
                                "circleci.events has cleanup.policy=compact and should have delete",
                                "circleci.events takes smaller records than 1048576 bytes:"
                                        + " large webhooks would stay in the outbox");
            } finally {
                set(admin, "cleanup.policy", "delete");
                set(admin, "max.message.bytes", "1048576");
            }
        }
    }
}
