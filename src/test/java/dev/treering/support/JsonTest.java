package dev.treering.support;

import java.time.Instant;

import com.fasterxml.jackson.core.JsonProcessingException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class JsonTest {

    record Leaf(String shortName, Instant grownAt, Long number) {}

    @ParameterizedTest
    @ValueSource(
            strings = {"{}", "{\"short_name\":\"\",\"grown_at\":\"\"}", "{\"short_name\":\" \",\"grown_at\":null}"})
    void blank_null_and_missing_are_all_absent(String json) throws JsonProcessingException {
        assertThat(read(json)).isEqualTo(new Leaf(null, null, null));
    }

    @Test
    void unknown_fields_are_passed_over() throws JsonProcessingException {
        assertThat(read("{\"new\":{\"deep\":[1]},\"short_name\":\"oak\"}").shortName())
                .isEqualTo("oak");
    }

    @Test
    void text_written_as_a_number_and_a_number_written_as_text_are_read() throws JsonProcessingException {
        assertThat(read("{\"short_name\":7,\"number\":\"41\"}")).isEqualTo(new Leaf("7", null, 41L));
    }

    @Test
    void time_is_read_in_any_known_spelling() throws JsonProcessingException {
        assertThat(read("{\"grown_at\":\"2026-03-07 16:44:19.5 +0000 UTC\"}").grownAt())
                .isEqualTo("2026-03-07T16:44:19.500Z");
    }

    @Test
    void what_we_write_is_snake_case_without_nulls() throws JsonProcessingException {
        assertThat(Json.CIRCLECI.writeValueAsString(new Leaf("oak", Instant.parse("2026-03-07T16:44:19Z"), null)))
                .isEqualTo("{\"short_name\":\"oak\",\"grown_at\":\"2026-03-07T16:44:19Z\"}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"short_name\":{}}",
                "{\"grown_at\":\"spring\"}",
                "{\"number\":\"many\"}",
                "{} {}",
                "{\"short_name\":\"oak\""
            })
    void document_of_another_shape_is_refused(String json) {
        assertThatExceptionOfType(JsonProcessingException.class).isThrownBy(() -> read(json));
    }

    @Test
    @Tag("F11")
    void depth_is_bounded_where_the_field_is_unknown_too() throws JsonProcessingException {
        assertThat(read("{\"x\":" + "[".repeat(60) + "]".repeat(60) + "}")).isNotNull();
        assertThatExceptionOfType(JsonProcessingException.class)
                .isThrownBy(() -> read("{\"x\":" + "[".repeat(65) + "]".repeat(65) + "}"))
                .withMessageContaining("depth");
    }

    @Test
    @Tag("F11")
    void length_of_numbers_is_bounded() {
        assertThatExceptionOfType(JsonProcessingException.class)
                .isThrownBy(() -> read("{\"number\":" + "9".repeat(101) + "}"));
    }

    private static Leaf read(String json) throws JsonProcessingException {
        return Json.CIRCLECI.readValue(json, Leaf.class);
    }
}
