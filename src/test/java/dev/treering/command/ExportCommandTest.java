package dev.treering.command;

import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

class ExportCommandTest {

    private final FakeTreering treering = new FakeTreering();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private boolean terminal;

    @AfterEach
    void stop() {
        treering.close();
    }

    private int run(String... args) {
        return TreeringCommand.line(
                        Map.of("TREERING_URL", treering.url(), "TREERING_TOKEN", "treering_1234"),
                        Clock.fixed(Instant.parse("2026-11-24T10:00:00Z"), ZoneOffset.UTC),
                        seconds -> {},
                        terminal,
                        data)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(args);
    }

    @Test
    void lines_go_to_standard_output_and_progress_to_standard_error() {
        // Given
        String csv = "id,topic\r\na,\"Äpfel\r\"\r\nb,c\r\n";
        treering.says(200, csv);

        // When
        int code = run("export", "--project", "github/acme/web", "--from", "30d", "--format", "csv");

        // Then
        assertThat(code).isZero();
        assertThat(data.toString(UTF_8)).isEqualTo(csv);
        assertThat(treering.requests())
                .containsExactly("GET /api/trail?format=csv&project=gh%2Facme%2Fweb&from=2026-10-25T10%3A00%3A00Z");
        assertThat(treering.asked()).extracting(FakeTreering.Asked::token).containsOnly("treering_1234");
        assertThat(err.toString()).contains("2 entries in ");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void every_option_is_asked_for() {
        // Given
        treering.says(200, "{}\n");
        terminal = true;

        // When
        int code = run(("export --json --pipeline 7 --workflow build --job test --type ping --source act --outcome dead"
                        + " --actor ann --branch a&b --revision abc --search x --to 2026-11-01")
                .split(" "));

        // Then
        assertThat(code).isZero();
        assertThat(treering.requests())
                .containsExactly("GET /api/trail?format=ndjson&pipeline=7&workflow=build&job=test&type=ping&source=act"
                        + "&outcome=dead&actor=ann&branch=a%26b&revision=abc&q=x&to=2026-11-01T00%3A00%3A00Z");
        assertThat(err.toString()).contains("\r1 lines", "1 entries in ");
    }

    @Test
    void export_that_breaks_off_has_failed() {
        treering.breaksOffAfter("{}\n{}\n");

        assertThat(run("export")).isEqualTo(1);
        assertThat(err.toString())
                .contains("broke off after 2 lines, and what is written is not all")
                .doesNotContain("\tat ");
    }

    @Test
    void refusal_is_told_before_anything_is_written() {
        treering.refuses(403, "Your token does not have the scope for this");

        assertThat(run("export")).isEqualTo(1);
        assertThat(err.toString()).contains("Your token does not have the scope for this (403");
        assertThat(data.size()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--project web", "--from soon", "--format xml", "--json --format csv", "gh/acme/web"})
    void wrong_use_is_two(String options) {
        assertThat(run(("export " + options).split(" "))).isEqualTo(2);
        assertThat(treering.requests()).isEmpty();
    }

    @Test
    void help_shows_examples_and_exit_codes() {
        assertThat(run("export", "--help")).isZero();
        assertThat(out.toString()).contains("Examples:", "--format csv > october.csv", "Exit codes:", "TREERING_TOKEN");
    }
}
