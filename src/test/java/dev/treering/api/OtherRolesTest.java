package dev.treering.api;

import java.util.Map;

import dev.treering.FlowTest;
import dev.treering.TestStores;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import org.junit.jupiter.api.Test;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

/** An instance without the role {@code api}. */
@FlowTest
@TestProfile(OtherRolesTest.Receiver.class)
class OtherRolesTest {

    public static class Receiver implements QuarkusTestProfile {

        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("treering.roles", "receiver");
        }
    }

    @Test
    void reads_areNotFound_withOrWithoutAToken() {
        String path = "/api/v2/workflow/00000000-0000-0000-0000-000000000001";

        given().get(path).then().statusCode(404).body("size()", equalTo(1)).body("message", containsString("role api"));
        given().header("Circle-Token", TestStores.TOKEN)
                .get(path)
                .then()
                .statusCode(404)
                .body("message", containsString("role api"));
    }

    @Test
    void status_stillAsksForAToken() {
        given().get("/api/status").then().statusCode(401).contentType("application/problem+json");
        given().header("Authorization", "Bearer " + TestStores.TOKEN)
                .get("/api/status")
                .then()
                .statusCode(200);
    }
}
