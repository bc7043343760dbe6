package dev.treering.status;

import dev.treering.support.TreeringConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import org.eclipse.microprofile.health.HealthCheckResponse.Status;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class StoresReadinessTest {

    @ParameterizedTest
    @CsvSource({
        "api,                 false, false, true,  UP",
        "api,                 true,  true,  false, DOWN",
        "receiver,            true,  false, false, UP",
        "'receiver,api',      false, true,  false, UP",
        "'receiver,worker',   false, false, true,  DOWN",
        "worker,              false, false, false, UP",
    })
    void aReceiverNeedsAStoreThatTakesWrites_anApiTheOneThatAnswersReads_aWorkerNone(
            String roles, boolean kafka, boolean writes, boolean reads, Status expected) {
        // Given
        TreeringConfig config = new SmallRyeConfigBuilder()
                .withMapping(TreeringConfig.class)
                .withDefaultValue("treering.roles", roles)
                .build()
                .getConfigMapping(TreeringConfig.class);
        Probes probes = new Probes(null, null, null, null) {
            @Override
            String kafkaProblem() {
                return kafka ? null : "away";
            }

            @Override
            String databaseProblem() {
                return writes ? null : "away";
            }

            @Override
            boolean answersReads() {
                return reads;
            }
        };
        // When, Then
        assertThat(new StoresReadiness(probes, config).call().getStatus()).isEqualTo(expected);
    }
}
