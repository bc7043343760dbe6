package dev.treering.event;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.UUID;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.treering.support.Digests;
import dev.treering.support.Json;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The contract of the topics, {@code docs/asyncapi.json} and {@code docs/schemas}, is what the records say, and has only
 * grown. To write it anew after a change: {@code mvn test -Dtest=TopicContractTest -Drecord-contract=true}, which refuses what would break a
 * reader.
 */
class TopicContractTest {

    private static final Path DOCS = Path.of("docs");
    private static final Path RELEASED = Path.of("src/test/resources/contract/released");

    /**
     * SHA-256 of the schemas of the last release. They change at a release alone, which copies {@code docs/schemas} there: who
     * writes them anew to let a change through must say so here.
     */
    private static final Map<String, String> DIGESTS = Map.of(
            "act.json", "9d939af1ae0760829f38e0c325e429a37ff89edef46d6429baab1fd60e367f46",
            "change.json", "8827095fe6f4b6e2b04c9a657e3cc2fd9a470b284ad8f6588030c9c8cee6466b",
            "snapshot.json", "06436292aab87f866f2a97e784d5cc642f3d0cbf1b548194c6c3128d74ecb9d4");

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Properties words = new Properties();
    private final Map<String, ObjectNode> documents = new TreeMap<>();

    TopicContractTest() throws IOException {
        try (Reader file = Files.newBufferedReader(Path.of("src/test/resources/contract/words.properties"))) {
            words.load(file);
        }
        documents.put("schemas/change.json", Schemas.of(Change.class, words));
        documents.put("schemas/snapshot.json", Schemas.of(Snapshot.class, words));
        documents.put("schemas/act.json", Schemas.of(Act.class, words));
        documents.put("asyncapi.json", asyncApi());
    }

    @Test
    void schemas_haveOnlyGrown() throws IOException {
        for (String name : List.of("schemas/change.json", "schemas/snapshot.json", "schemas/act.json")) {
            assertThat(broken(name)).as(name).isEmpty();
        }
    }

    @Test
    void schemas_haveOnlyGrownSinceTheyWereReleased() throws IOException {
        for (var released : DIGESTS.entrySet()) {
            byte[] schema = Files.readAllBytes(RELEASED.resolve(released.getKey()));
            assertThat(HexFormat.of().formatHex(Digests.sha256().digest(schema)))
                    .as(released.getKey())
                    .isEqualTo(released.getValue());
            assertThat(SchemaChanges.breaking(JSON.readTree(schema), documents.get("schemas/" + released.getKey())))
                    .as(released.getKey())
                    .isEmpty();
        }
    }

    private List<String> broken(String name) throws IOException {
        Path file = DOCS.resolve(name);
        return Files.exists(file)
                ? SchemaChanges.breaking(JSON.readTree(file.toFile()), documents.get(name))
                : List.of();
    }

    @Test
    void documents_areWhatTheRecordsSay() throws IOException {
        for (var document : documents.entrySet()) {
            String text = JSON.writer(new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n")))
                            .writeValueAsString(document.getValue())
                    + "\n";
            Path file = DOCS.resolve(document.getKey());
            if (Boolean.getBoolean("record-contract")
                    && broken(document.getKey()).isEmpty()) {
                Files.createDirectories(file.getParent());
                Files.writeString(file, text);
            }
            assertThat(file).hasContent(text);
        }
    }

    @Test
    void everyRecord_isDescribed_andSoIsEveryFieldOfAChange() {
        List<String> missing = new ArrayList<>();
        documents.forEach((name, document) -> {
            document.path("definitions").properties().forEach(type -> {
                if (!type.getValue().has("description")) {
                    missing.add(type.getKey());
                }
            });
            if (!document.has("asyncapi") && !document.has("description")) {
                missing.add(name);
            }
        });
        documents.get("schemas/change.json").path("properties").properties().forEach(field -> {
            if (!field.getValue().has("description")) {
                missing.add("Change." + field.getKey());
            }
        });
        documents
                .get("asyncapi.json")
                .findValues("headers")
                .forEach(headers -> headers.path("properties").properties().forEach(header -> {
                    if (header.getValue().path("description").isNull()) {
                        missing.add(header.getKey());
                    }
                }));

        assertThat(missing)
                .as("add these to src/test/resources/contract/words.properties")
                .isEmpty();
    }

    private ObjectNode asyncApi() {
        ObjectNode document = JSON.createObjectNode().put("asyncapi", "3.0.0");
        ObjectNode info = document.putObject("info")
                .put("title", "Treering")
                .put("version", "1.0.0")
                .put(
                        "description",
                        "CloudEvents 1.0 in Kafka, binary mode: attributes are headers, the value is the data. The same event may"
                                + " come twice. Fields and words are only ever added: a reader ignores what it does not know.");
        info.putObject("license").put("name", "Apache-2.0");
        document.put("defaultContentType", "application/json");
        ObjectNode channels = document.putObject("channels");
        ObjectNode operations = document.putObject("operations");
        for (String topic : Topics.ALL) {
            String name = topic.substring(topic.indexOf('.') + 1);
            ObjectNode channel =
                    channels.putObject(name).put("address", topic).put("description", words.getProperty(topic));
            channel.putObject("messages").putObject(name).put("$ref", "#/components/messages/" + name);
            ObjectNode kafka = channel.putObject("bindings")
                    .putObject("kafka")
                    .put("topic", topic)
                    .put("bindingVersion", "0.5.0");
            kafka.putObject("topicConfiguration").putArray("cleanup.policy").add("delete");
            operations
                    .putObject("send_" + name)
                    .put("action", "send")
                    .putObject("channel")
                    .put("$ref", "#/channels/" + name);
        }
        ObjectNode messages = document.putObject("components").putObject("messages");
        UUID id = UUID.nameUUIDFromBytes(new byte[] {1});
        Instant time = Instant.parse("2026-11-20T10:05:00Z");
        Change change = new Change(
                id,
                "workflow",
                id,
                "build",
                "failed",
                Outcome.FAILURE,
                Transition.BROKE,
                id,
                "gh/acme/web",
                id,
                7L,
                id,
                null,
                "main",
                null,
                "a5e30a908224e46626a796d058289475f6d387b5",
                time.minusSeconds(300),
                time,
                true);
        ObjectNode told = message(messages, "events", CloudEvent.of(change, new byte[0]), "change.json", change);
        told.withObject("/headers/properties")
                .putObject("ce_republished")
                .put("type", "string")
                .put("description", words.getProperty("ce_republished"));
        told.withObject("/headers/properties")
                .putObject(CloudEvent.RECEIVED_AT)
                .put("type", "string")
                .put("description", words.getProperty(CloudEvent.RECEIVED_AT));
        Snapshot snapshot = Snapshot.ofWorkflow(
                time,
                Source.API,
                id,
                new Workflow(id, id, "build", "failed", time, time, null, id, null, null, null, null, null),
                List.of());
        message(messages, "snapshots", CloudEvent.of(snapshot, new byte[0]), "snapshot.json", null);
        Map<String, String> headers = CloudEvent.headers("id", "type", "source");
        List.of(
                        CloudEvent.TIME,
                        CloudEvent.RECEIPT,
                        CloudEvent.RECEIVED_AT,
                        CloudEvent.SECRET,
                        CloudEvent.ENDPOINT,
                        CloudEvent.ORIGIN)
                .forEach(name -> headers.put(name, ""));
        ObjectNode received =
                message(messages, "webhooks", new CloudEvent(Topics.WEBHOOKS, "", headers, new byte[0]), null, null);
        received.putObject("payload")
                .put("type", "object")
                .put("description", "CircleCI's document; what it holds is CircleCI's to say");
        received.putObject("externalDocs").put("url", "https://circleci.com/docs/webhooks-reference/");
        Act act = new Act(id, time, "grafana", id, "198.51.100.7", "POST", "/api/tokens", "Token_create", null, null);
        message(messages, "acts", CloudEvent.of(act, new byte[0]), "act.json", null);
        message(
                        messages,
                        "checkpoints",
                        new CloudEvent(Topics.CHECKPOINTS, "", CloudEvent.headers("id", "type", "source"), new byte[0]),
                        null,
                        null)
                .putObject("payload")
                .put("type", "object")
                .put("description", words.getProperty(Topics.CHECKPOINTS));
        // Only while something is traced.
        for (String name : List.of("webhooks", "snapshots", "events")) {
            messages.withObject("/%s/headers/properties/%s".formatted(name, CloudEvent.TRACE))
                    .put("type", "string")
                    .put("description", words.getProperty(CloudEvent.TRACE));
        }
        return document;
    }

    private ObjectNode message(ObjectNode messages, String name, CloudEvent event, String schema, Change example) {
        ObjectNode message = messages.putObject(name).put("contentType", "application/json");
        ObjectNode headers = message.putObject("headers").put("type", "object");
        ObjectNode properties = headers.putObject("properties");
        event.headers()
                .forEach((header, value) -> properties
                        .putObject(header)
                        .put("type", "string")
                        .put("description", words.getProperty(header)));
        headers.putArray("required")
                .add("ce_specversion")
                .add(CloudEvent.ID)
                .add(CloudEvent.TYPE)
                .add(CloudEvent.SOURCE);
        if (schema != null) {
            message.putObject("payload").put("$ref", "./schemas/" + schema);
        }
        message.putObject("bindings")
                .putObject("kafka")
                .put("bindingVersion", "0.5.0")
                .putObject("key")
                .put("type", "string")
                .put("description", "The project's id, so that what is told of one project stays in one partition");
        if (example != null) {
            ObjectNode shown = message.putArray("examples").addObject();
            shown.set("headers", JSON.valueToTree(event.headers()));
            shown.set("payload", Json.CIRCLECI.<JsonNode>valueToTree(example));
        }
        return message;
    }
}
