package dev.treering.support;

import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;

import jakarta.ws.rs.QueryParam;

import dev.treering.FlowTest;
import dev.treering.TestStores;
import io.restassured.RestAssured;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

@FlowTest
class ParameterFilterTest {

    record Window(
            @RestQuery Instant since,
            @RestQuery("page-token") String pageToken) {}

    static final class Door {

        void list(Window window, @RestPath String id, @RestQuery int limit, @QueryParam("branch") String branch) {}
    }

    @Test
    void unknownName_isAnsweredWithTheNearest_andAllThereAre() {
        assertThat(ParameterFilter.unknown("brnch", new TreeSet<>(Set.of("branch", "limit"))))
                .isEqualTo("Unknown parameter 'brnch': did you mean 'branch'? There are: branch, limit");
        assertThat(ParameterFilter.unknown("page_token", Set.of("branch", "page-token")))
                .contains("did you mean 'page-token'?");
        assertThat(ParameterFilter.unknown("colour", new TreeSet<>(Set.of("branch", "limit"))))
                .isEqualTo("Unknown parameter 'colour'. There are: branch, limit");
        assertThat(ParameterFilter.unknown("x", Set.of())).isEqualTo("Unknown parameter 'x'. There are none here");
    }

    @Test
    void parameters_ofADoor_areThoseOfItsMethodAndOfItsRecords() throws NoSuchMethodException {
        assertThat(ParameterFilter.read(
                        Door.class.getDeclaredMethod("list", Window.class, String.class, int.class, String.class)))
                .containsExactly("branch", "limit", "page-token", "since");
    }

    @Test
    void parameterThatNobodyReads_isRefused_onlyOnOurOwnFace() {
        RestAssured.given()
                .header("Circle-Token", TestStores.TOKEN)
                .get("/api/status?detial=all")
                .then()
                .statusCode(400)
                .contentType("application/problem+json")
                .body("detail", equalTo("Unknown parameter 'detial'. There are none here"));
        RestAssured.given()
                .header("Circle-Token", TestStores.TOKEN)
                .get("/api/v2/project/gh/acme/nothing?brnch=main")
                .then()
                .statusCode(404)
                .body("message", containsString("Project"));
        // Who may not ask is told nothing about names.
        RestAssured.get("/api/status?detial=all").then().statusCode(401);
    }
}
