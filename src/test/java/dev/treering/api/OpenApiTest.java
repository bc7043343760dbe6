package dev.treering.api;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javax.sql.DataSource;

import jakarta.inject.Inject;
import jakarta.ws.rs.HttpMethod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.treering.Database;
import dev.treering.Examples;
import dev.treering.FlowTest;
import dev.treering.Signed;
import dev.treering.TestStores;
import dev.treering.simulation.CircleCiStub;
import dev.treering.simulation.Run;
import dev.treering.simulation.Scenarios;
import dev.treering.simulation.Simulator;
import dev.treering.simulation.WebhookSender;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * {@code /openapi} describes every door, and truly: the requests of {@code openapi/requests.txt} are made and answered
 * as described. To record the answers as the examples, for a new door or a changed one:
 * {@code mvn test -Dtest='OpenApiTest,OutboxFallbackTest,LiveTest' -Drecord-examples=true}, and once more without.
 */
@FlowTest
class OpenApiTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @Inject
    Database database;

    @Inject
    DataSource stores;

    private ObjectNode document;

    private final Map<String, Described> operations = new TreeMap<>();

    /** An operation as the document has it. */
    private record Described(String method, String path, JsonNode operation) {

        boolean isSecured() {
            // Badges are for those who may read, unless a setting opens them.
            return !operation.has("security") || path.startsWith("/badge/");
        }

        boolean isOurs() {
            return !path.matches("/(api/(v2|\\{version})|webhooks)/.*");
        }

        Set<String> parameters(String place) {
            Set<String> names = new HashSet<>();
            operation.path("parameters").forEach(parameter -> {
                if (parameter.path("in").asText().equals(place)) {
                    names.add(parameter.path("name").asText());
                }
            });
            return names;
        }

        Set<String> statuses() {
            Set<String> statuses = new TreeSet<>();
            operation.path("responses").fieldNames().forEachRemaining(statuses::add);
            return statuses;
        }
    }

    /** A line of {@code requests.txt}. */
    private record Request(String operation, String status, String method, String path, String body) {

        static Request parse(String line) {
            String[] words = line.split(" ", 5);
            return new Request(words[0], words[1], words[2], words[3], words.length == 5 ? words[4] : null);
        }
    }

    @BeforeEach
    void read_document() throws IOException {
        document = (ObjectNode) JSON.readTree(RestAssured.get("/openapi?format=json")
                .then()
                .statusCode(200)
                .extract()
                .asString());
        document.path("paths")
                .properties()
                .forEach(path -> path.getValue().properties().forEach(method -> {
                    String id = method.getValue().path("operationId").asText();
                    Described other =
                            operations.put(id, new Described(method.getKey(), path.getKey(), method.getValue()));
                    assertThat(other).as("two operations are called " + id).isNull();
                }));
    }

    @Test
    void document_isOpenApi31_andNamesNoServer() {
        assertThat(document.path("openapi").asText()).startsWith("3.1");
        assertThat(document.at("/info/title").asText()).isEqualTo("Treering");
        assertThat(document.at("/info/license/name").asText()).isEqualTo("Apache-2.0");
        assertThat(document.path("servers").isMissingNode()).isTrue();
        assertThat(document.path("security")).hasSize(3);
    }

    @Test
    void everyDoor_isDescribed() throws IOException {
        // Given
        Set<String> doors = new TreeSet<>(Set.of("Webhook_receive", "Webhook_receiveAt"));

        // When
        for (Class<?> resource : named("Resource")) {
            if (resource.getSimpleName().equals("ForwardResource")) {
                continue; // CircleCI's doors, which CircleCI describes
            }
            Stream.of(resource.getDeclaredMethods())
                    .filter(method -> Stream.of(method.getAnnotations())
                            .anyMatch(verb -> verb.annotationType().isAnnotationPresent(HttpMethod.class)))
                    .forEach(method -> doors.add(resource.getSimpleName().replace("Resource", "_") + method.getName()));
        }

        // Then
        assertThat(operations.keySet()).containsExactlyInAnyOrderElementsOf(doors);
        assertThat(named("Route"))
                .as("what no resource answers is described in META-INF/openapi.yaml")
                .extracting(Class::getSimpleName)
                .containsExactlyInAnyOrder("ContractRoute", "DrainingRoute", "WebhookRoute");
    }

    private static List<Class<?>> named(String suffix) throws IOException {
        Path classes = Path.of("target/classes");
        List<Class<?>> found = new ArrayList<>();
        try (Stream<Path> files = Files.walk(classes.resolve("dev/treering"))) {
            for (Path file : files.filter(path -> path.toString().endsWith(suffix + ".class"))
                    .toList()) {
                String name = classes.relativize(file).toString().replace('/', '.');
                found.add(Class.forName(name.substring(0, name.length() - ".class".length())));
            }
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
        return found;
    }

    @Test
    void everyOperation_isExplained_inWordsProperties() {
        List<String> missing = new ArrayList<>();

        operations.forEach((id, described) -> {
            JsonNode operation = described.operation();
            if (!operation.has("summary")) {
                missing.add(id);
            }
            operation.path("parameters").forEach(parameter -> {
                // What JAX-RS cannot read as a number it calls a path that is not there; doors read text and say more.
                assertThat(parameter.path("in").asText().equals("query")
                                && parameter.at("/schema/type").asText().matches("integer|number|"))
                        .as(id + " has a parameter of text: " + parameter)
                        .isFalse();
                if (!parameter.has("description")) {
                    missing.add(id + "." + parameter.path("name").asText());
                }
            });
            assertThat(operation.path("tags")).as(id).hasSize(1);
        });

        assertThat(missing)
                .as("add these to src/main/resources/openapi/words.properties")
                .isEmpty();
    }

    @Test
    void everyOperation_saysWhatItAnswers() {
        List<String> missing = new ArrayList<>();

        operations.forEach((id, described) -> {
            Set<String> expected = new TreeSet<>();
            if (described.isSecured()) {
                expected.addAll(Set.of("401", "403", "503"));
            }
            if (described.parameters("query").contains("page-token") || described.isOurs()) {
                expected.add("400");
            }
            if (described.parameters("path").stream()
                    .anyMatch(name -> name.equals("id") || described.method().equals("get"))) {
                expected.add("404");
            }
            expected.removeAll(described.statuses());
            expected.forEach(status -> missing.add(id + " " + status));
            if (described.statuses().stream().noneMatch(status -> status.startsWith("2") || status.equals("410"))) {
                missing.add(id + " 2xx");
            }
        });

        assertThat(missing)
                .as("make such requests in src/test/resources/openapi/requests.txt and record them")
                .isEmpty();
    }

    @Test
    void everyAnswer_hasAnExample_thatItsSchemaAllows() {
        List<String> faults = new ArrayList<>();

        operations.forEach((id, described) -> described
                .operation()
                .path("responses")
                .properties()
                .forEach(answer -> {
                    String name = id + " " + answer.getKey();
                    assertThat(answer.getValue().path("description").asText())
                            .as(name)
                            .isNotEmpty();
                    JsonNode content = answer.getValue().path("content");
                    if (content.isEmpty() && !answer.getKey().equals("204")) {
                        faults.add(name + " has no content");
                    }
                    content.forEach(type -> {
                        if (!type.has("example")) {
                            faults.add(name + " has no example");
                        } else {
                            faults(type.path("schema"), type.path("example"))
                                    .forEach(fault -> faults.add(name + fault));
                        }
                    });
                }));

        assertThat(faults).isEmpty();
    }

    @Test
    void everyRequest_isAnswered_asDescribed() throws IOException, InterruptedException {
        // Given
        play_runs();
        bury_one();
        // and a backfill that is still running when it is asked for once more
        TestStores.circleCi().answer("/project/gh/timber/shed", CircleCiStub.Failure.unavailable());
        String last = null;
        String before = null;
        Set<String> asked = new TreeSet<>();
        for (Request request : requests()) {
            String path =
                    request.path().replace("{last}", String.valueOf(last)).replace("{before}", String.valueOf(before));
            String name = request.operation() + " " + request.status();
            Described described = operations.get(request.operation());
            assertThat(described).as(name).isNotNull();

            // When
            Response answer = ask(request, path);

            // Then
            assertThat(answer.statusCode())
                    .as(name + " " + answer.asString())
                    .isEqualTo(Integer.parseInt(request.status()));
            if (request.method().equals("POST") && request.status().startsWith("2")) {
                before = last;
                last = answer.path("id");
                if (request.body() != null) {
                    Examples.keep(request.operation(), "request", request.body());
                }
            }
            if (request.operation().equals("Trail_search") && answer.statusCode() == 200) {
                last = answer.path("items[0].id");
            }
            Examples.seen(request.operation(), answer);
            if (!Examples.areRecorded()) {
                matches(name, described, answer);
            }
            asked.add(request.operation());
        }
        assertThat(asked)
                .as("make a request of each in src/test/resources/openapi/requests.txt")
                .containsAll(operations.keySet().stream()
                        .filter(id -> !id.startsWith("Webhook_"))
                        .toList());
    }

    private static Response ask(Request request, String path) {
        RequestSpecification specification = RestAssured.given().urlEncodingEnabled(false);
        if (!request.status().equals("401")) {
            specification.header("Circle-Token", TestStores.TOKEN);
        }
        if (request.body() != null) {
            specification.contentType("application/json").body(request.body());
        }
        return specification.request(request.method(), path);
    }

    private void matches(String name, Described described, Response answer) throws IOException {
        JsonNode content = described.operation().at("/responses/" + answer.statusCode() + "/content");
        assertThat(described.statuses()).as(name).contains(Integer.toString(answer.statusCode()));
        if (!answer.asString().isEmpty()) {
            String type = answer.contentType().replaceFirst(";.*", "");
            assertThat(content.has(type)).as(name + " is described as " + type).isTrue();
            JsonNode body =
                    type.endsWith("json") ? JSON.readTree(answer.asString()) : JSON.valueToTree(answer.asString());
            assertThat(faults(content.path(type).path("schema"), body)).as(name).isEmpty();
        }
    }

    @Test
    void whoMayNotAsk_orComesAtABadTime_isToldTheSameEverywhere() throws SQLException {
        String narrow = RestAssured.given()
                .header("Circle-Token", TestStores.TOKEN)
                .contentType("application/json")
                .body("{\"name\":\"narrow\",\"scopes\":[\"notify:admin\"]}")
                .post("/api/tokens")
                .path("token");
        for (String path : List.of("/api/v2/project/gh/timber/api", "/api/projects/gh/timber/api/completeness")) {
            told(path, 401, RestAssured.get(path));
            told(path, 403, RestAssured.given().header("Circle-Token", narrow).get(path));
            told(
                    path,
                    503,
                    whileTheDatabaseDoesNotAnswer(() -> RestAssured.given()
                            .header("Circle-Token", TestStores.TOKEN)
                            .get(path)));
        }
    }

    /** What is answered to a request whose statement on the table of projects is cancelled. */
    private Response whileTheDatabaseDoesNotAnswer(Supplier<Response> request) throws SQLException {
        try (Connection connection = stores.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("lock table project in access exclusive mode");
            CompletableFuture<Response> answer = CompletableFuture.supplyAsync(request);
            await().until(() -> database.count("""
                    select count(pg_cancel_backend(pid)) from pg_stat_activity
                    where wait_event_type = 'Lock' and query like '%from project %'""") > 0);
            connection.rollback();
            return answer.join();
        }
    }

    private void told(String path, int status, Response answer) {
        assertThat(answer.statusCode()).isEqualTo(status);
        Examples.seen(path.startsWith("/api/v2/") ? "messages" : "problems", answer);
        if (!Examples.areRecorded()) {
            String face = path.startsWith("/api/v2/") ? "message" : "detail";
            operations.values().stream()
                    .filter(described -> described.isSecured()
                            && described.path().startsWith("/api/v2/") == path.startsWith("/api/v2/"))
                    .forEach(described -> assertThat(described
                                    .operation()
                                    .at("/responses/" + status)
                                    .findValue(face))
                            .as(described.path())
                            .isEqualTo(JSON.valueToTree(answer.path(face))));
        }
    }

    @Test
    void webhookDoor_answersAsDescribed() {
        byte[] ping = "{\"type\":\"ping\",\"id\":\"9a5f2a0e-6f0b-4a34-8f5e-0d3f5f1f0a11\"}".getBytes(UTF_8);
        Map<String, String> doors =
                Map.of("Webhook_receive", "/webhooks/circleci", "Webhook_receiveAt", "/webhooks/circleci/other");

        Set<String> answered = new TreeSet<>();
        doors.forEach((id, path) -> {
            String secret = id.equals("Webhook_receive") ? TestStores.SECRET : TestStores.OTHER_ENDPOINT_SECRET;
            List.of(
                            Signed.post(path, ping, secret),
                            Signed.post(path, ping, "another secret"),
                            Signed.post(path, new byte[921_601], secret),
                            RestAssured.given()
                                    .contentType("text/plain")
                                    .body(ping)
                                    .post(path))
                    .forEach(answer -> {
                        Examples.seen(id, answer);
                        answered.add(Integer.toString(answer.statusCode()));
                    });
        });
        Response nowhere = Signed.post("/webhooks/circleci/nowhere", ping, TestStores.SECRET);
        doors.keySet().forEach(id -> Examples.seen(id, nowhere));
        // The rest is seen where it happens, in OutboxFallbackTest
        assertThat(answered).isSubsetOf(operations.get("Webhook_receive").statuses());
        doors.keySet()
                .forEach(id -> assertThat(operations.get(id).statuses())
                        .containsExactly("202", "401", "404", "408", "413", "415", "429", "503"));
    }

    /** Runs of an organisation of their own, of yesterday, so that figures of the last days have something to count. */
    private void play_runs() throws InterruptedException {
        Scenarios scenarios = new Scenarios(77, "timber");
        Instant yesterday =
                LocalDate.now(ZoneOffset.UTC).minusDays(1).atTime(10, 0).toInstant(ZoneOffset.UTC);
        URI door = URI.create("http://localhost:" + RestAssured.port + "/webhooks/circleci");
        try (Simulator simulator =
                new Simulator(TestStores.circleCi(), new WebhookSender(door, TestStores.SECRET), Clock.systemUTC())) {
            for (Run run : List.of(
                    scenarios.breaking(4, yesterday),
                    scenarios.breaking(6, yesterday.plusSeconds(3600)),
                    scenarios.rerun(3, yesterday))) {
                simulator.play(run);
                await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                    assertThat(database.count(
                                    "select count(*) from workflow where pipeline_id = ? and details_stamp is not null",
                                    run.id()))
                            .isEqualTo(run.workflows().size());
                    assertThat(database.count(
                                    "select count(*) from enrichment_task where pipeline_id = ? and state <> 'done'",
                                    run.id()))
                            .isZero();
                });
            }
        }
    }

    /** A webhook of a kind that nobody knows yet; its dead letter has an id that the requests know. */
    private void bury_one() {
        String receipt = Signed.post("""
                        {"type": "deployment-completed", "id": "4c1e8a52-7b7e-4d57-8a0e-3f1b2c4d5e6f",
                         "happened_at": "2026-11-20T10:00:00Z"}""".getBytes(UTF_8)).path("receipt");
        await().untilAsserted(() -> assertThat(database.change("""
                        update dead_letter d set id = '00000000-0000-0000-0000-000000000dea' from trail t
                        where (d.topic, d.partition, d."offset") = (t.topic, t.partition, t."offset")
                            and t.receipt = ?""", receipt)).isOne());
    }

    private static List<Request> requests() throws IOException {
        return Files.readAllLines(Path.of("src/test/resources/openapi/requests.txt")).stream()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .map(Request::parse)
                .toList();
    }

    /** What the schema does not allow, with nothing allowed that it does not name. */
    private List<String> faults(JsonNode schema, JsonNode value) {
        ObjectNode whole = schema.deepCopy();
        ObjectNode components = document.path("components").deepCopy();
        components.path("schemas").forEach(OpenApiTest::close);
        whole.set("components", components);
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(whole)
                .validate(value, context -> context.executionConfig(config -> config.formatAssertionsEnabled(true)))
                .stream()
                .map(error -> " " + error.getInstanceLocation() + " " + error.getMessage())
                .toList();
    }

    private static void close(JsonNode schema) {
        if (schema.has("properties") && !schema.has("additionalProperties")) {
            ((ObjectNode) schema).put("additionalProperties", false);
        }
    }
}
