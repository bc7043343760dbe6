package dev.treering.chaos;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import dev.treering.deployment.ComposeFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** The artefact with exactly what {@code docker-compose.yml} sets, on a broker and a database that are as empty as there. */
@ChaosSuite
class ComposeChaos {

    private World world;

    @BeforeAll
    void start() {
        world = World.named("compose").receivers(0).workers(0).start();
    }

    @AfterAll
    void close() {
        if (world != null) {
            world.close();
        }
    }

    @Test
    void what_compose_starts_makes_its_tables_and_topics_and_records_a_webhook() {
        // Given
        Map<String, String> variables = new HashMap<>(ComposeFile.variables(Path.of(".env.example")));
        variables.putAll(Map.of(
                "OWNER_PASSWORD",
                world.database().password(),
                "APPLICATION_PASSWORD",
                world.database().password(),
                "WEBHOOK_SECRETS",
                Instance.SECRET,
                "ADMIN_TOKEN",
                Instance.TOKEN));
        Map<String, String> environment = ComposeFile.with(variables).environment("treering");
        environment.replace("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092", world.bootstrapServers());
        environment.replace(
                "QUARKUS_DATASOURCE_JDBC_URL",
                "jdbc:postgresql://postgres:5432/treering",
                world.database().jdbcUrl());
        // The owner that logins.sh makes; the test looks at what is its own.
        world.database().administer("create role treering_owner login");
        world.database().administer("alter database treering owner to treering_owner");
        world.database().administer("grant treering_owner to treering");

        // When
        try (Instance treering = new Instance(world.folder(), "treering", environment, List.of())) {
            treering.start();
            try (Traffic circleCi =
                    new Traffic(world.ledger(), List.of(new Traffic.Door("compose", treering.port())), Seed.VALUE)) {
                circleCi.sendOne();
                circleCi.settle(Duration.ofSeconds(10));
            }

            // Then
            await("the webhook is recorded")
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> world.database().number("select count(*) from seen_event") == 1);
            assertThat(treering.status().path("schema").asText()).isEqualTo("current");
            assertThat(treering.status().at("/proof/append_only").asBoolean()).isTrue();
        }
    }
}
