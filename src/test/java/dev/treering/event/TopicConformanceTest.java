package dev.treering.event;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.treering.FlowTest;
import dev.treering.TestStores;
import dev.treering.simulation.Run;
import dev.treering.simulation.Scenarios;
import dev.treering.simulation.Simulator;
import dev.treering.simulation.WebhookSender;
import io.restassured.RestAssured;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** What is really published, by whichever test, is as the contract says, and holds nothing that it does not name. */
@FlowTest
class TopicConformanceTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path DOCS = Path.of("docs");

    @ConfigProperty(name = "kafka.bootstrap.servers")
    String kafka;

    @Test
    void contract_isServed_toEverybody() throws IOException {
        for (var path : Map.of(
                        "/asyncapi", "asyncapi.json",
                        "/schemas/change.json", "schemas/change.json",
                        "/schemas/snapshot.json", "schemas/snapshot.json")
                .entrySet()) {
            String served = RestAssured.get(path.getKey())
                    .then()
                    .statusCode(200)
                    .contentType("application/json")
                    .extract()
                    .asString();
            assertThat(served).isEqualTo(Files.readString(DOCS.resolve(path.getValue())));
        }
    }

    @Test
    void published_events_and_snapshots_conform() throws Exception {
        // Given runs of each kind, enriched by what the API says
        Scenarios scenarios = new Scenarios(4711, "contract");
        Set<String> runs = new HashSet<>();
        try (Simulator simulator = new Simulator(
                TestStores.circleCi(),
                new WebhookSender(
                        URI.create("http://localhost:" + RestAssured.port + "/webhooks/circleci"), TestStores.SECRET),
                Clock.systemUTC())) {
            Instant then = Instant.now().minusSeconds(3600);
            for (Run run :
                    List.of(scenarios.breaking(4, then), scenarios.approved(4, then), scenarios.cancelled(3, then))) {
                simulator.play(run);
                runs.add(run.id().toString());
            }
        }
        // When
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", kafka), new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> partitions = Topics.ALL.stream()
                    .flatMap(topic -> consumer.partitionsFor(topic).stream())
                    .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
                for (String run : runs) {
                    for (String topic : List.of(Topics.EVENTS, Topics.SNAPSHOTS)) {
                        assertThat(records)
                                .anyMatch(record -> record.topic().equals(topic)
                                        && record.value().contains(run)
                                        && !record.value().contains("\"enriched\":false"));
                    }
                }
            });
        }
        // Then
        JsonNode contract = JSON.readTree(DOCS.resolve("asyncapi.json").toFile());
        Map<String, Schema> schemas =
                Map.of(Topics.EVENTS, closed("schemas/change.json"), Topics.SNAPSHOTS, closed("schemas/snapshot.json"));
        Set<String> faults = new TreeSet<>();
        for (ConsumerRecord<String, String> record : records) {
            headers(contract, record).forEach(fault -> faults.add(record.topic() + " " + fault));
            Schema schema = schemas.get(record.topic());
            // Tests put strangers' records there as well.
            if (schema != null && record.headers().lastHeader(CloudEvent.SCHEMA) != null) {
                schema.validate(
                                JSON.readTree(record.value()),
                                context -> context.executionConfig(config -> config.formatAssertionsEnabled(true)))
                        .forEach(error -> faults.add(
                                record.topic() + " " + error.getInstanceLocation() + " " + error.getMessage()));
            }
        }
        assertThat(faults).isEmpty();
    }

    private static Set<String> headers(JsonNode contract, ConsumerRecord<?, ?> record) {
        JsonNode said = contract.at("/components/messages/%s/headers"
                .formatted(record.topic().substring(record.topic().indexOf('.') + 1)));
        Set<String> faults = new TreeSet<>();
        Set<String> names = new HashSet<>();
        for (Header header : record.headers()) {
            names.add(header.key());
            if (names.contains(CloudEvent.SCHEMA) && !said.path("properties").has(header.key())) {
                faults.add("has the header " + header.key());
            }
        }
        said.path("required").forEach(name -> {
            if (names.contains(CloudEvent.SCHEMA) && !names.contains(name.asText())) {
                faults.add("lacks the header " + name);
            }
        });
        return faults;
    }

    /** With nothing allowed that it does not name. */
    private static Schema closed(String name) throws IOException {
        ObjectNode schema = (ObjectNode) JSON.readTree(DOCS.resolve(name).toFile());
        schema.put("additionalProperties", false);
        schema.path("definitions").forEach(type -> ((ObjectNode) type).put("additionalProperties", false));
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_7).getSchema(schema);
    }
}
