package dev.treering.support;

import dev.treering.FlowTest;
import dev.treering.TestStores;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

@FlowTest
class EntityTagFilterTest {

    private static final String TOKENS = "/api/tokens";

    @Test
    void read_thatIsAskedAgain_isNotSentAgainWhileNothingChanged() {
        // Given
        Response first = asAdmin().get(TOKENS);
        String tag = first.header("ETag");
        assertThat(tag).matches("W/\"[\\w-]{22}\"");
        assertThat(first.header("Cache-Control")).isEqualTo("private, no-cache");
        assertThat(first.header("Vary")).isEqualTo("Accept, Authorization, Circle-Token");

        // When
        Response again = asAdmin().header("If-None-Match", "\"other\", " + tag).get(TOKENS);

        // Then
        assertThat(again.statusCode()).isEqualTo(304);
        assertThat(again.asString()).isEmpty();
        assertThat(again.header("ETag")).isEqualTo(tag);

        // When it changed
        asAdmin()
                .contentType("application/json")
                .body("{\"name\":\"one more\",\"scopes\":[\"history:read\"]}")
                .post(TOKENS)
                .then()
                .statusCode(201);

        // Then
        Response changed = asAdmin().header("If-None-Match", tag).get(TOKENS);
        assertThat(changed.statusCode()).isEqualTo(200);
        assertThat(changed.header("ETag")).isNotEqualTo(tag);
        assertThat(changed.<Integer>path("items.size()")).isPositive();
    }

    @Test
    void errors_andActs_haveNoTag() {
        assertThat(asAdmin().get("/api/v2/workflow/nothing").headers().hasHeaderWithName("ETag"))
                .isFalse();
        assertThat(RestAssured.get(TOKENS).headers().hasHeaderWithName("ETag")).isFalse();
    }

    private static RequestSpecification asAdmin() {
        return RestAssured.given().header("Circle-Token", TestStores.TOKEN);
    }
}
