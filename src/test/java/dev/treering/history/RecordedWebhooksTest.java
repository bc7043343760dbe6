package dev.treering.history;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

import jakarta.inject.Inject;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Signed;
import dev.treering.TestStores;
import io.restassured.RestAssured;
import io.restassured.path.json.JsonPath;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** Every recorded webhook, signed and posted, reads back. The recordings are found through {@code TREERING_FIXTURES}. */
@FlowTest
class RecordedWebhooksTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String APPLIED = """
            select count(*)::text from trail
            where outcome = 'applied' and event_id = (select event_id from trail where receipt = ?)""";

    @Inject
    Database database;

    @Test
    void everyRecordedWebhook_readsBackWithItsStatusBranchRevisionAndTimes() throws IOException {
        String fixtures = System.getenv("TREERING_FIXTURES");
        if (fixtures == null) {
            System.out.println("SKIPPED: TREERING_FIXTURES is not set, so no recorded webhooks are posted");
        }
        assumeTrue(fixtures != null);
        List<Path> files;
        try (Stream<Path> list = Files.list(Path.of(fixtures, "webhooks"))) {
            files = list.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
        }
        assertThat(files).isNotEmpty();
        for (Path file : files) {
            byte[] body = Files.readAllBytes(file);
            // When
            String receipt = Signed.post(body).then().statusCode(202).extract().path("receipt");
            // Then it is applied once, whoever posted it first: other tests post the recordings too
            await().untilAsserted(() -> assertThat(database.value(APPLIED, receipt))
                    .as(file.getFileName().toString())
                    .isEqualTo("1"));
        }
        for (Path file : files) {
            readsBack(file.getFileName().toString(), JSON.readTree(file.toFile()));
        }
    }

    private void readsBack(String file, JsonNode hook) {
        JsonNode pipeline = hook.path("pipeline");
        if (pipeline.isMissingNode()) {
            assertThat(hook.path("type").asText()).isEqualTo("ping");
            return;
        }
        UUID pipelineId = UUID.fromString(pipeline.path("id").asText());
        assertThat(database.value("select branch from pipeline where id = ?", pipelineId))
                .as(file)
                .isEqualTo(text(pipeline.path("vcs").path("branch"), pipeline.at("/trigger_parameters/git/branch")));
        assertThat(database.value("select revision from pipeline where id = ?", pipelineId))
                .as(file)
                .isEqualTo(text(
                        pipeline.path("vcs").path("revision"), pipeline.at("/trigger_parameters/git/checkout_sha")));
        assertThat(database.value("select number::text from pipeline where id = ?", pipelineId))
                .isEqualTo(pipeline.path("number").asText());
        String slug =
                hook.at("/project/slug").asText().replace("github/", "gh/").replace("bitbucket/", "bb/");
        assertThat(database.value(
                        "select slug from project where id = ?",
                        UUID.fromString(hook.at("/project/id").asText())))
                .isEqualTo(slug);
        time(file, "pipeline", pipeline, "created_at");
        // and a client of API v2 reads the same
        JsonPath answer = read("/pipeline/" + pipelineId);
        assertThat(answer.getString("vcs.branch"))
                .isEqualTo(text(pipeline.path("vcs").path("branch"), pipeline.at("/trigger_parameters/git/branch")));
        assertThat(answer.getString("vcs.revision"))
                .isEqualTo(text(
                        pipeline.path("vcs").path("revision"), pipeline.at("/trigger_parameters/git/checkout_sha")));
        assertThat(answer.getString("project_slug")).isEqualTo(slug);
        if (hook.path("type").asText().equals("workflow-completed")) {
            ended(file, "workflow", hook.path("workflow"));
            assertThat(read("/workflow/" + hook.at("/workflow/id").asText()).getString("status"))
                    .isEqualTo(hook.at("/workflow/status").asText());
            time(file, "workflow", hook.path("workflow"), "created_at");
        } else {
            ended(file, "job", hook.path("job"));
            assertThat(read("/project/" + slug + "/job/"
                                    + hook.at("/job/number").asText())
                            .getString("status"))
                    .isEqualTo(hook.at("/job/status").asText());
            time(file, "job", hook.path("job"), "started_at");
        }
    }

    private static JsonPath read(String path) {
        return RestAssured.given()
                .header("Circle-Token", TestStores.TOKEN)
                .get("/api/v2" + path)
                .then()
                .statusCode(200)
                .extract()
                .jsonPath();
    }

    private void ended(String file, String table, JsonNode entity) {
        assertThat(database.value(
                        "select status from " + table + " where id = ?",
                        UUID.fromString(entity.path("id").asText())))
                .as(file)
                .isEqualTo(entity.path("status").asText());
        time(file, table, entity, "stopped_at");
    }

    private void time(String file, String table, JsonNode entity, String column) {
        String stored = database.value(
                "select to_char(%s at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') from %s where id = ?"
                        .formatted(column, table),
                UUID.fromString(entity.path("id").asText()));
        assertThat(OffsetDateTime.parse(stored).toInstant())
                .as("%s of %s", column, file)
                .isEqualTo(OffsetDateTime.parse(entity.path(column).asText()).toInstant());
    }

    private static String text(JsonNode first, JsonNode second) {
        if (!first.asText("").isEmpty() && !first.isNull()) {
            return first.asText();
        }
        return second.isMissingNode() || second.asText().isEmpty() ? null : second.asText();
    }
}
