package dev.treering.history;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

class RedactionTest {

    private static String without(Redaction redaction, String body) {
        byte[] redacted = redaction.apply(body.getBytes(UTF_8));
        return redacted == null ? null : new String(redacted, UTF_8);
    }

    private static String without(String person, String body) {
        return without(Redaction.of(List.of(person)), body);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                // Behind an escape, within one, and with characters that have one
                "Dev Example | {\"note\":\"One.\\nDev Example\"} | {\"note\":\"One.\\nerased\"}",
                "Änne | {\"note\":\"\\u00c4nne\"} | {\"note\":\"erased\"}",
                "Dev \"D\" Example | {\"note\":\"by Dev \\\"D\\\" Example\"} | {\"note\":\"by erased\"}",
                "acme\\dev | {\"note\":\"by acme\\\\dev\"} | {\"note\":\"by erased\"}",
                "acme/dev | {\"note\":\"by acme\\/dev\"} | {\"note\":\"by erased\"}",
                // Within what names a person
                "dev-example | {\"author\":{\"email\":\"123+dev-example@users.noreply.github.com\"}} | {\"author\":{\"email\":\"123+erased@users.noreply.github.com\"}}",
                "dev-example | {\"actor\":{\"avatar_url\":\"https://example.com/dev-example\"}} | {\"actor\":{}}",
                "dev-example | {\"author\":\"dev-example\"} | {\"author\":\"erased\"}",
            })
    void person_is_found_however_it_is_written(String person, String body, String redacted) {
        assertThat(without(person, body)).isEqualTo(redacted);
    }

    @Test
    void what_the_history_hangs_together_by_stays() {
        // Given a person who is called like everything
        String body = """
                {"id":"0000dead-beef-4000-8000-000000000001","workflow":"0000beef-beef-4000-8000-000000000002",\
                "dependencies":["beef"],"default_branch":"beef","source_branch":"beef","branch":"beef","name":"beef",\
                "jobs":[{"dependencies":["beef","0000beef-0000-4000-8000-000000000003"]}]}""";

        // Then
        assertThat(without("beef", body)).isNull();
        assertThat(without("beef", body.replace("}]}", "}],\"note\":[\"beef\"]}")))
                .isEqualTo(body.replace("}]}", "}],\"note\":[\"erased\"]}"));
    }

    @Test
    void body_that_is_no_json_goes_only_where_it_names_the_person() {
        assertThat(without("dev-example", "{\"note\": \"\\u00e4\", dev")).isNull();
        assertThat(without("dev-example", "{\"note\": \"undev-example\", dev")).isNull();
        assertThat(without("dev-example", "{\"note\": \"dev\\u002dexample\", dev"))
                .isEmpty();
    }

    @Test
    void author_who_is_a_plain_text_is_somebody_too() {
        assertThat(
                        without(
                                Redaction.ofEverybody(),
                                "{\"author\":\"Dev Example\",\"user\":\"0000dead-beef-4000-8000-000000000001\",\"note\":\"Dev Example was here\"}"))
                .isEqualTo(
                        "{\"author\":\"erased\",\"user\":\"0000dead-beef-4000-8000-000000000001\",\"note\":\"erased was here\"}");
    }
}
