package dev.treering.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import dev.treering.deployment.Manifests;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** The artefact with exactly what {@code k8s/base} sets: the migration as the owner, then the roles without its login. */
@ChaosSuite
class KubernetesChaos {

    private static final String SIGNS = "MC4CAQAwBQYDK2VwBCIEIHFhTxE1mATkpfprcFBMFkn8lc188zSHiGHnn9ONaGC/";
    private static final String ENCRYPTS = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    private World world;

    @BeforeAll
    void start() {
        world = World.named("kubernetes").receivers(0).workers(0).start();
    }

    @AfterAll
    void close() {
        if (world != null) {
            world.close();
        }
    }

    @Test
    void the_migration_ends_and_the_roles_then_work_without_the_login_of_the_owner() throws IOException {
        // Given
        Manifests manifests = Manifests.of("base");
        try (Instance migration = instance(manifests, "treering-migration");
                Instance worker = instance(manifests, "treering-worker");
                Instance receiver = instance(manifests, "treering-receiver")) {
            // When
            migration.launch();
            await("the migration has ended").atMost(Duration.ofSeconds(60)).until(() -> !migration.running());

            // Then
            assertThat(migration.exitCode()).as(migration.tail()).isZero();
            assertThat(world.database().rows("select distinct tableowner from pg_tables where schemaname = 'public'"))
                    .containsExactly(List.of(world.database().username()));

            // When
            worker.launch();
            receiver.launch();
            worker.awaitAnswer();
            receiver.awaitAnswer();
            try (Traffic circleCi =
                    new Traffic(world.ledger(), List.of(new Traffic.Door("kubernetes", receiver.port())), Seed.VALUE)) {
                circleCi.sendOne();
                circleCi.settle(Duration.ofSeconds(10));
            }

            // Then
            await("the webhook is recorded")
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> world.database().number("select count(*) from seen_event") == 1);
        }
    }

    private Instance instance(Manifests manifests, String name) throws IOException {
        Path mounted = Files.createDirectories(world.folder().resolve("secrets").toAbsolutePath());
        Files.writeString(mounted.resolve("webhook-secrets"), Instance.SECRET + "\n");
        Map<String, String> environment = manifests.environment(
                name,
                Map.of(
                        "treering-owner/username",
                        world.database().username(),
                        "treering-owner/password",
                        world.database().password(),
                        "treering-database/username",
                        Postgres.APPLICATION,
                        "treering-database/password",
                        world.database().password(),
                        "treering/checkpoint-key",
                        SIGNS,
                        "treering/encryption-key",
                        ENCRYPTS));
        environment.replace("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092", world.bootstrapServers());
        environment.replace(
                "QUARKUS_DATASOURCE_JDBC_URL",
                "jdbc:postgresql://postgres:5432/treering",
                world.database().jdbcUrl());
        environment.computeIfPresent(
                "TREERING_WEBHOOK_SECRETS_FILE", (variable, path) -> path.replace("/run/treering", mounted.toString()));
        // There is one broker here.
        environment.replace("TREERING_TOPICS_REPLICATION_FACTOR", "1");
        return new Instance(world.folder(), name, environment, manifests.arguments(name));
    }
}
