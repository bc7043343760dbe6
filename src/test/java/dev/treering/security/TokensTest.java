package dev.treering.security;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.TestStores;
import io.restassured.path.json.JsonPath;
import io.restassured.response.ValidatableResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.ds.PGSimpleDataSource;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

@FlowTest
class TokensTest {

    private static final String STATUS = "/api/status";

    @Inject
    Database database;

    @Inject
    Tokens tokens;

    @Inject
    DataSource stores;

    @Inject
    Clock clock;

    @Inject
    SecurityConfig config;

    @Test
    void token_is_random_shown_once_and_stored_as_its_digest() {
        // When
        JsonPath made = make("{\"name\": \"ci\", \"scopes\": [\"history:read\"]}")
                .statusCode(201)
                .extract()
                .jsonPath();

        // Then: 256 bits are 43 letters of base64
        String text = made.getString("token");
        assertThat(text).matches("trt_[A-Za-z0-9_-]{43}");
        String id = made.getString("id");
        assertThat(database.value(
                        "select digest = sha256(convert_to(?, 'UTF8')) from api_token where id = ?::uuid", text, id))
                .isEqualTo("t");
        assertThat(database.value("select t::text from api_token t where id = ?::uuid", id))
                .doesNotContain(text.substring(4));
        assertThat(given().header("Circle-Token", TestStores.TOKEN)
                        .get("/api/tokens")
                        .asString())
                .contains(id)
                .doesNotContain(text);
        assertThat(tokens.isOurs(text)).isTrue();
        assertThat(tokens.isOurs(TestStores.TOKEN)).isTrue();
        assertThat(tokens.isOurs("CCIPAT_0123456789")).isFalse();
    }

    @Test
    void token_is_accepted_until_it_is_revoked() {
        // Given
        JsonPath made = make("{\"name\": \"ci\", \"scopes\": [\"history:read\"]}")
                .extract()
                .jsonPath();
        String text = made.getString("token");
        String id = made.getString("id");
        for (Map.Entry<String, String> place :
                Map.of("Circle-Token", text, "Authorization", "Bearer " + text).entrySet()) {
            given().header(place.getKey(), place.getValue()).get(STATUS).then().statusCode(200);
        }
        given().auth().preemptive().basic(text, "").get(STATUS).then().statusCode(200);
        assertThat(database.value("select last_used_at is not null from api_token where id = ?::uuid", id))
                .isEqualTo("t");

        // When
        asAdmin().delete("/api/tokens/" + id).then().statusCode(204);

        // Then
        given().header("Circle-Token", text).get(STATUS).then().statusCode(401);
        asAdmin().delete("/api/tokens/" + id).then().statusCode(404);
    }

    @Test
    void token_is_looked_up_where_it_is_revoked_and_in_the_reads_while_that_is_away() throws Exception {
        // Given
        PGSimpleDataSource away = new PGSimpleDataSource();
        away.setUrl("jdbc:postgresql://127.0.0.1:1/away");
        Tokens.Made made = tokens.create("ci", List.of(Scope.HISTORY_READ), null, null, "test");

        // Then
        assertThat(new Tokens(stores, away, clock, config).used(made.text())).isPresent();
        assertThat(new Tokens(away, stores, clock, config).used(made.text())).isPresent();
        assertThatExceptionOfType(SQLException.class)
                .isThrownBy(() -> new Tokens(away, away, clock, config).used(made.text()));
        tokens.revoke(made.token().id());
        assertThat(new Tokens(stores, away, clock, config).used(made.text())).isEmpty();
        // And what it may wait is not left behind
        try (Connection connection = stores.getConnection()) {
            assertThat(connection.getNetworkTimeout()).isNotEqualTo(2_000);
        }
    }

    @Test
    void time_of_a_new_token_is_the_one_that_is_listed() {
        JsonPath made = make("{\"name\": \"ci\", \"scopes\": [\"history:read\"]}")
                .extract()
                .jsonPath();

        assertThat(made.getString("created_at"))
                .matches("[^.]+\\.\\d{3}Z")
                .isEqualTo(asAdmin()
                        .get("/api/tokens")
                        .path("items.find { it.id == '%s' }.created_at".formatted(made.getString("id"))));
    }

    @Test
    void use_is_written_down_at_most_once_a_minute() {
        // Given
        JsonPath made = make("{\"name\": \"ci\", \"scopes\": [\"history:read\"]}")
                .extract()
                .jsonPath();

        // Then
        assertThat(usedAfter(made, "59 seconds")).isEqualTo("f");
        assertThat(usedAfter(made, "61 seconds")).isEqualTo("t");
    }

    /** Whether a use is written down when the one before was so long ago. */
    private String usedAfter(JsonPath made, String pause) {
        database.change(
                "update api_token set last_used_at = created_at - ?::interval where id = ?::uuid",
                pause,
                made.getString("id"));
        given().header("Circle-Token", made.getString("token"))
                .get(STATUS)
                .then()
                .statusCode(200);
        return database.value(
                "select last_used_at >= created_at from api_token where id = ?::uuid", made.getString("id"));
    }

    @Test
    void expired_revoked_wrong_and_no_token_get_the_same_answer() {
        // Given
        JsonPath expired =
                make("{\"name\": \"old\", \"scopes\": [\"admin\"], \"expires_at\": \"2999-01-01T00:00:00Z\"}")
                        .extract()
                        .jsonPath();
        given().header("Circle-Token", expired.getString("token"))
                .get(STATUS)
                .then()
                .statusCode(200);
        database.change(
                "update api_token set expires_at = now() - interval '1 second' where id = ?::uuid",
                expired.getString("id"));

        // When
        List<String> answers = List.of(
                refusal(expired.getString("token")),
                refusal("trt_" + "A".repeat(43)),
                refusal("anything"),
                given().get(STATUS).then().statusCode(401).extract().asString());

        // Then
        assertThat(answers).containsOnly(answers.get(0));
    }

    @Test
    void authorization_proves_the_caller_where_circle_token_is_there_too() {
        given().header("Authorization", "Bearer " + TestStores.TOKEN)
                .header("Circle-Token", "CCIPAT_of_somebody")
                .get(STATUS)
                .then()
                .statusCode(200);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"scopes\": [\"admin\"]} | must say in 1 to 100",
                "{\"name\": \"x\"} | must be some of [admin, audit:read, history:read, notify:admin]",
                "{\"name\": \"x\", \"scopes\": [\"root\"]} | not [root]",
                "{\"name\": \"x\", \"scopes\": [\"admin\"], \"expires_at\": \"2020-01-01T00:00:00Z\"} | to come",
                "{\"name\": \"x\", \"scopes\": [\"admin\"], \"expires_at\": \"soon\"} | soon",
                "{\"name\": \"x\", \"scopes\": [\"history:read\"], \"projects\": [\"gh/acme/none-such\"]} | no project gh/acme/none-such yet",
                "{\"name\": \"x\", \"scopes\": [\"history:read\"], \"projects\": [\"web\"]} | neither a slug",
                "{\"name\": \"x\\u0000\", \"scopes\": [\"admin\"]} | must say in 1 to 100",
                "{\"name\": \"x\", \"scopes\": [null]} | not [null]",
                "{\"name\": \"x\", \"scopes\": \"admin\"} | 'scopes'",
                "{\"name\": \"x\", \"scopes\": [\"history:read\"], \"project\": [\"gh/acme/web\"]} | 'project'",
                "{\"name\": \"x\", \"scopes\": [\"admin\"], \"projects\": [\"0a0a0a0a-0000-0000-0000-000000000000\"]} | sees all projects",
            })
    void wanted_token_that_makes_no_sense_is_refused_with_the_reason(String wanted, String reason) {
        make(wanted)
                .statusCode(400)
                .contentType("application/problem+json")
                .body("detail", containsString(reason.strip()));
    }

    @Test
    void limited_token_is_refused_where_all_projects_are_told_of() {
        // Given
        UUID project = UUID.randomUUID();
        JsonPath made = make("{\"name\": \"one\", \"scopes\": [\"history:read\"], \"projects\": [\"%s\"]}"
                        .formatted(project))
                .statusCode(201)
                .body("projects[0]", equalTo(project.toString()))
                .extract()
                .jsonPath();

        // Then: it is somebody, and what tells of all projects is not for it
        given().header("Circle-Token", made.getString("token"))
                .get("/api/v2/me")
                .then()
                .statusCode(200)
                .body("login", equalTo("one"))
                .body("id", equalTo(made.getString("id")));
        given().header("Circle-Token", made.getString("token"))
                .get(STATUS)
                .then()
                .statusCode(403);
    }

    private static String refusal(String token) {
        return given().header("Circle-Token", token)
                .get(STATUS)
                .then()
                .statusCode(401)
                .extract()
                .asString();
    }

    private static ValidatableResponse make(String wanted) {
        return asAdmin()
                .contentType("application/json")
                .body(wanted)
                .post("/api/tokens")
                .then();
    }

    private static io.restassured.specification.RequestSpecification asAdmin() {
        return given().header("Circle-Token", TestStores.TOKEN);
    }
}
