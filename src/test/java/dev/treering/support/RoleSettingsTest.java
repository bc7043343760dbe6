package dev.treering.support;

import java.util.Map;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class RoleSettingsTest {

    @ParameterizedTest
    @CsvSource({
        "'receiver,worker,api', a-token, true, true",
        "'receiver, Worker', a-token, true, true",
        "'receiver,worker,api', '', true, false",
        "'receiver,worker,api', '  ', true, false",
        "'receiver,api', a-token, false, false",
    })
    void channels_readByRole_andThatOfEnrichmentOnlyWithAToken(
            String roles, String token, boolean worker, boolean asking) {
        // Given
        SmallRyeConfig config = new SmallRyeConfigBuilder()
                .withInterceptors(new RoleSettings())
                .withSources(new PropertiesConfigSource(
                        Map.of("treering.roles", roles, "treering.circleci.token", token), "test", 100))
                .build();
        // Then
        assertThat(config.getValue("treering.role.worker", Boolean.class)).isEqualTo(worker);
        assertThat(config.getValue("treering.role.asking", Boolean.class)).isEqualTo(asking);
    }

    @Test
    void profilesAndExpressions_count() {
        // Given
        SmallRyeConfig config = new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .withInterceptors(new RoleSettings())
                .withProfile("prod")
                .withSources(new PropertiesConfigSource(
                        Map.of("%prod.treering.roles", "worker", "treering.circleci.token", "${nowhere:}"),
                        "test",
                        100))
                .build();
        // Then
        assertThat(config.getValue("treering.role.worker", Boolean.class)).isTrue();
        assertThat(config.getValue("treering.role.receiver", Boolean.class)).isFalse();
        assertThat(config.getValue("treering.role.asking", Boolean.class)).isFalse();
    }
}
