package dev.treering.support;

import java.util.Map;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
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
}
