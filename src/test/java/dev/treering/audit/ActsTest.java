package dev.treering.audit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import java.util.UUID;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Signed;
import dev.treering.TestStores;
import dev.treering.security.Scope;
import dev.treering.security.Tokens;
import io.restassured.RestAssured;
import io.restassured.path.json.JsonPath;
import org.junit.jupiter.api.Test;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** What people have Treering do, and where requests come from. */
@FlowTest
class ActsTest {

    @Inject
    Database database;

    @Inject
    Tokens tokens;

    private static JsonPath trail(Map<String, String> query) {
        return given().header("Circle-Token", TestStores.TOKEN)
                .params(query)
                .get("/api/trail")
                .then()
                .statusCode(200)
                .extract()
                .jsonPath();
    }

    private static JsonPath body(String id) {
        return new JsonPath(given().header("Circle-Token", TestStores.TOKEN)
                .get("/api/trail/" + id)
                .then()
                .statusCode(200)
                .extract()
                .<String>path("body"));
    }

    private long acts(String path) {
        return database.count(
                "select count(*) from trail where topic = 'treering.acts' and convert_from(body, 'UTF8') like '%' || ? || '%'",
                path);
    }

    @Test
    void act_is_recorded_before_and_after_with_who_and_from_where() throws Exception {
        // Given
        String actor = "Änne, on call " + UUID.randomUUID();
        String token =
                tokens.create(actor, List.of(Scope.ADMIN), null, null, "test").text();

        // When
        JsonPath made = given().header("Circle-Token", token)
                .contentType("application/json")
                .body("{\"name\": \"what a body holds\", \"scopes\": [\"history:read\"]}")
                .post("/api/tokens")
                .then()
                .statusCode(201)
                .extract()
                .jsonPath();
        String path = "/api/tokens/" + made.getString("id");
        given().header("Circle-Token", token).delete(path).then().statusCode(204);
        given().header("Circle-Token", token).delete(path).then().statusCode(404);
        await().untilAsserted(() ->
                assertThat(trail(Map.of("actor", actor)).getList("items")).hasSize(6));

        // Then
        JsonPath begun = trail(Map.of("actor", actor, "type", "dev.treering.act.begun"));
        JsonPath ended = trail(Map.of("actor", actor, "type", "dev.treering.act.ended", "source", "act"));
        assertThat(begun.getList("items.receipt"))
                .isEqualTo(ended.getList("items.receipt"))
                .hasSize(3);
        assertThat(begun.getList("items.actor")).containsOnly(actor);
        assertThat(begun.getList("items.origin")).containsOnly("127.0.0.1");
        assertThat(begun.getList("items.outcome")).containsOnly("applied");
        assertThat(ended.<String>getList("items.id"))
                .map(id -> body(id).getInt("status"))
                .containsExactly(404, 204, 201);
        JsonPath first = body(begun.getString("items[2].id"));
        assertThat(first.<String, Object>getMap(""))
                .containsEntry("actor", actor)
                .containsEntry("method", "POST")
                .containsEntry("path", "/api/tokens")
                .containsEntry("operation", "Token_create")
                .containsEntry("origin", "127.0.0.1")
                .doesNotContainKey("status");
        assertThat(acts(path)).isEqualTo(4);
        assertThat(acts("what a body holds")).isZero();
        assertThat(acts(made.getString("token"))).isZero();
    }

    @Test
    void address_that_is_written_otherwise_is_the_same_act() throws Exception {
        // Given
        String actor = "hidden " + UUID.randomUUID();
        String token =
                tokens.create(actor, List.of(Scope.ADMIN), null, null, "test").text();

        // When
        for (String path : List.of("//api/tokens", "/%61pi/tokens", "/api/./tokens")) {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + RestAssured.port + path))
                    .header("Circle-Token", token)
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString("{\"name\": \"another\", \"scopes\": [\"history:read\"]}"))
                    .build();
            assertThat(HttpClient.newHttpClient()
                            .send(request, BodyHandlers.discarding())
                            .statusCode())
                    .as(path)
                    .isEqualTo(201);
        }

        // Then
        await().untilAsserted(() ->
                assertThat(trail(Map.of("actor", actor)).getList("items")).hasSize(6));
        assertThat(trail(Map.of("actor", actor)).<String>getList("items.id"))
                .allSatisfy(id -> assertThat(body(id).getString("path")).isEqualTo("/api/tokens"));
    }

    @Test
    void plan_is_told_from_what_was_done() throws Exception {
        // Given
        String actor = "planner " + UUID.randomUUID();
        String token =
                tokens.create(actor, List.of(Scope.ADMIN), null, null, "test").text();

        // When
        given().header("Circle-Token", token)
                .post("/api/rebuilds?dry_run=true")
                .then()
                .statusCode(200);
        given().header("Circle-Token", token)
                .post("/api/rebuilds?untold=perhaps")
                .then()
                .statusCode(400);

        // Then
        Map<String, String> begun = Map.of("actor", actor, "type", "dev.treering.act.begun");
        await().untilAsserted(() -> assertThat(trail(begun).getList("items")).hasSize(2));
        assertThat(trail(begun).<String>getList("items.id"))
                .map(id -> body(id).getBoolean("dry_run"))
                .containsExactly(false, true);
    }

    @Test
    void who_may_not_act_and_who_only_reads_leave_no_record() throws Exception {
        // Given
        String path = "/api/backfills/" + UUID.randomUUID();
        String reader = tokens.create("reader", List.of(Scope.HISTORY_READ), null, null, "test")
                .text();

        // When
        given().delete(path).then().statusCode(401);
        given().header("Circle-Token", "trt_wrong").delete(path).then().statusCode(401);
        given().header("Circle-Token", reader).delete(path).then().statusCode(403);
        given().header("Circle-Token", TestStores.TOKEN)
                .delete(path + "?dry=1")
                .then()
                .statusCode(400);
        given().header("Circle-Token", TestStores.TOKEN).get(path).then().statusCode(404);
        given().header("Circle-Token", TestStores.TOKEN)
                .post("/api/v1.1/project/gh/acme/web")
                .then()
                .statusCode(410);
        given().header("Circle-Token", TestStores.TOKEN).delete(path).then().statusCode(404);

        // Then: only the last one, and its path is the one that was asked for
        await().untilAsserted(() -> assertThat(acts(path)).isEqualTo(2));
        assertThat(acts("/api/v1.1")).isZero();
    }

    @Test
    void what_is_handed_on_to_CircleCI_is_an_act_too() {
        // Given
        String path = "/api/v2/workflow/" + UUID.randomUUID() + "/cancel";

        // When
        given().header("Circle-Token", TestStores.TOKEN)
                .contentType("application/json")
                .body("{}")
                .post(path)
                .then()
                .statusCode(501);

        // Then
        await().untilAsserted(() -> assertThat(acts(path)).isEqualTo(2));
    }

    @Test
    void origin_that_is_only_claimed_is_not_believed_unless_a_trusted_proxy_claims_it() throws IOException {
        // Given
        byte[] direct = ping();
        byte[] proxied = ping();

        // When
        String own = post("127.0.0.1", "203.0.113.9", direct);
        String ofProxy = post(TestStores.PROXY, "203.0.113.9", proxied);

        // Then
        await().untilAsserted(() -> {
            assertThat(database.value("select origin from trail where receipt = ?", own))
                    .isEqualTo("127.0.0.1");
            assertThat(database.value("select origin from trail where receipt = ?", ofProxy))
                    .isEqualTo("203.0.113.9");
        });
    }

    private static byte[] ping() {
        return "{\"type\":\"ping\",\"id\":\"%s\",\"happened_at\":\"2026-11-20T10:00:00Z\"}"
                .formatted(UUID.randomUUID())
                .getBytes(UTF_8);
    }

    /** The receipt of a webhook that is sent from this address of ours, and says that it is another's. */
    private static String post(String from, String claimed, byte[] body) throws IOException {
        try (Socket socket = new Socket()) {
            socket.bind(new InetSocketAddress(from, 0));
            socket.connect(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), RestAssured.port));
            socket.getOutputStream()
                    .write(("POST /webhooks/circleci HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                                    + "X-Forwarded-For: %s\r\nContent-Type: application/json\r\n"
                                    + "circleci-signature: v1=%s\r\nContent-Length: %d\r\n\r\n")
                            .formatted(claimed, Signed.signature(body, TestStores.SECRET), body.length)
                            .getBytes(UTF_8));
            socket.getOutputStream().write(body);
            String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 202");
            return new JsonPath(answer.substring(answer.indexOf("\r\n\r\n") + 4)).getString("receipt");
        }
    }
}
