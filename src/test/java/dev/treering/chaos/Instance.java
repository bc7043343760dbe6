package dev.treering.chaos;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** Treering itself, the packaged artefact with 512 MB of heap, as it is run in production. */
final class Instance extends Part {

    static final String SECRET = "secret-of-the-chaos-suite";
    static final String TOKEN = "token-of-the-chaos-suite";

    private static final Path ARTEFACT = Path.of("target", "quarkus-app", "quarkus-run.jar");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(1))
            .build();

    private final Map<String, String> settings = new HashMap<>();
    private final List<String> arguments;
    private String heap = "512m";
    private final int port = Ports.free();
    private final int managementPort = Ports.free();

    /** @param roles as in {@code TREERING_ROLES} */
    Instance(Path folder, String name, String roles) {
        super(folder, name);
        arguments = List.of();
        with("TREERING_ROLES", roles);
        with("QUARKUS_HTTP_HOST", Ports.LOOPBACK);
        with("QUARKUS_HTTP_PORT", Integer.toString(port));
        with("QUARKUS_MANAGEMENT_HOST", Ports.LOOPBACK);
        with("QUARKUS_MANAGEMENT_PORT", Integer.toString(managementPort));
        with("TREERING_WEBHOOK_SECRETS", SECRET);
        with("TREERING_SECURITY_BOOTSTRAP_TOKEN", TOKEN);
    }

    /** As somebody else set it up: with this environment alone, but for the ports it listens on. */
    Instance(Path folder, String name, Map<String, String> environment, List<String> arguments) {
        super(folder, name);
        this.arguments = arguments;
        settings.putAll(environment);
        with("QUARKUS_HTTP_PORT", Integer.toString(port));
        with("QUARKUS_MANAGEMENT_PORT", Integer.toString(managementPort));
    }

    /** A setting for its next start, by the name of its environment variable. */
    Instance with(String variable, String value) {
        settings.put(variable, value);
        return this;
    }

    /** Another heap than 512 MB for its next start, as {@code -Xmx} takes it. */
    Instance heap(String size) {
        heap = size;
        return this;
    }

    int port() {
        return port;
    }

    @Override
    Map<String, String> environment() {
        return settings;
    }

    @Override
    List<String> command() {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap,
                "-XX:+ExitOnOutOfMemoryError",
                "-jar",
                ARTEFACT.toAbsolutePath().toString()));
        command.addAll(arguments);
        return command;
    }

    @Override
    boolean answers() throws IOException, InterruptedException {
        return ready();
    }

    boolean ready() throws IOException, InterruptedException {
        return get(managementPort, "/q/health/ready").statusCode() == 200;
    }

    /** {@code /api/status}, which an instance with the role api answers. */
    JsonNode status() {
        try {
            return JSON.readTree(get(port, "/api/status").body());
        } catch (IOException e) {
            throw new IllegalStateException(name() + " does not tell its status", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** The sum over all series of this name whose labels hold all of these ({@code outcome="dead"}). */
    double metric(String name, String... labels) {
        try {
            return get(managementPort, "/q/metrics")
                    .body()
                    .lines()
                    .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                    .filter(line -> Arrays.stream(labels).allMatch(line::contains))
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                    .sum();
        } catch (IOException e) {
            throw new IllegalStateException(name() + " shows no metrics", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** {@code GET} with the admin's token. */
    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return get(port, path);
    }

    /** The same of what takes long. */
    HttpResponse<String> get(String path, Duration patience) throws IOException, InterruptedException {
        return HTTP.send(request(port, path).timeout(patience).build(), BodyHandlers.ofString());
    }

    /** {@code POST} of a JSON body with the admin's token; what was answered. */
    JsonNode post(String path, String body) throws IOException, InterruptedException {
        HttpRequest request = request(port, path)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build();
        return JSON.readTree(HTTP.send(request, BodyHandlers.ofString()).body());
    }

    private static HttpResponse<String> get(int port, String path) throws IOException, InterruptedException {
        return HTTP.send(request(port, path).build(), BodyHandlers.ofString());
    }

    private static HttpRequest.Builder request(int port, String path) {
        return HttpRequest.newBuilder(URI.create("http://" + Ports.LOOPBACK + ":" + port + path))
                .header("Circle-Token", TOKEN)
                .timeout(Duration.ofSeconds(10));
    }
}
