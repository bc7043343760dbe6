package dev.treering.deployment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

/** {@code docker-compose.yml} as a person sets it up; what it starts is seen by {@code ComposeChaos}. */
class ComposeTest {

    private static final Map<String, String> DEMO = ComposeFile.variables(Path.of("deploy", "demo.env"));

    @Test
    void every_setting_of_the_service_exists() {
        assertThat(KnownSettings.unknown(ComposeFile.with(DEMO).environment("treering").keySet().stream()))
                .isEmpty();
    }

    @Test
    void the_example_tells_of_every_variable() throws IOException {
        // Given
        Map<String, String> filled = new HashMap<>();
        ComposeFile.variables(Path.of(".env.example")).forEach((name, value) -> filled.put(name, "given"));

        // Then what must be given is there, and nothing but what the file reads
        String file = Files.readString(Path.of("docker-compose.yml"));
        assertThat(ComposeFile.with(filled).environment("treering"))
                .containsEntry("TREERING_ROLES", "receiver,worker,api");
        assertThat(filled.keySet()).allSatisfy(name -> assertThat(file).contains("${" + name));
    }

    @Test
    void a_password_that_is_missing_is_asked_for() {
        Map<String, String> without = new HashMap<>(DEMO);
        without.remove("OWNER_PASSWORD");
        assertThatThrownBy(() -> ComposeFile.with(without)).hasMessageContaining("OWNER_PASSWORD");
    }

    @Test
    void ports_are_those_of_the_image_and_of_the_service() throws IOException {
        ComposeFile compose = ComposeFile.with(DEMO);
        assertThat(Files.readString(Path.of("deploy", "Dockerfile"))).contains("\nEXPOSE 8080 9000\n");
        assertThat(compose.environment("treering"))
                .containsEntry("QUARKUS_HTTP_PORT", "8080")
                .containsEntry("QUARKUS_MANAGEMENT_PORT", "9000");
        assertThat(compose.service("treering").get("ports").toString()).contains(":8080:8080", ":9000:9000");
        assertThat(Files.readString(Path.of("deploy", "prometheus", "prometheus.yml")))
                .contains("treering:9000", "/q/metrics");
    }

    @Test
    void every_service_is_looked_after() {
        Map<String, Object> services = new TreeMap<>(ComposeFile.with(DEMO).services());
        // It has a door for Treering alone.
        services.remove("circleci");
        assertThat(services)
                .allSatisfy((name, service) ->
                        assertThat(service.toString()).contains("healthcheck=", "restart=unless-stopped", "logging="));
    }

    @Test
    void every_file_that_is_mounted_is_there() {
        assumeThat(Path.of("deploy", "prometheus", "rules.yml")).exists();
        assertThat(ComposeFile.with(DEMO).services().values().stream().flatMap(ComposeTest::mounted))
                .isNotEmpty()
                .allSatisfy(path -> assertThat(path).exists());
    }

    @SuppressWarnings("unchecked")
    private static Stream<Path> mounted(Object service) {
        return ((Map<String, List<String>>) service)
                .getOrDefault("volumes", List.of()).stream()
                        .filter(volume -> volume.startsWith("./"))
                        .map(volume -> Path.of(volume.split(":")[0]));
    }
}
