package dev.treering.command;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

class VerifyCommandTest {

    private static final String LINE = """
            {"state":"%s","entries":%d,"total":1000,"erased":2,"chains":3,"checkpoints":%d,\
            "last_checkpoint":"2026-11-24T09:00:00Z","broken":[%s],"problem":%s,"of_a_later_version":1}
            """;

    private final FakeTreering treering = new FakeTreering();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @AfterEach
    void stop() {
        treering.close();
    }

    private int run(String... args) {
        return run(false, args);
    }

    private int run(boolean terminal, String... args) {
        return TreeringCommand.line(
                        Map.of("TREERING_TOKEN", "auditors", "TREERING_URL", treering.url()),
                        Clock.fixed(Instant.parse("2026-11-24T10:00:00Z"), ZoneOffset.UTC),
                        seconds -> {},
                        terminal)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(args);
    }

    @Test
    void intact_trail_is_0_and_says_what_it_was_held_against() {
        // Given
        treering.says(200, LINE.formatted("running", 500, 7, "", null) + LINE.formatted("intact", 1000, 7, "", null));
        // When
        int code = run("verify");
        // Then
        assertThat(code).isZero();
        assertThat(out.toString())
                .contains("50 %  500 of 1,000 entries", "Intact: 1,000 entries in 3 chains, 2 of them erased.")
                .contains("7 checkpoints were held against it, the last of 2026-11-24T09:00:00Z.");
        assertThat(err.toString()).isEmpty();
        assertThat(treering.requests()).containsExactly("GET /api/trail/verification");
    }

    @Test
    void broken_trail_is_1_and_each_first_entry_is_named_in_a_line() {
        // Given
        treering.says(200, LINE.formatted("broken", 16, 0, """
                {"topic":"circleci.webhooks","partition":3,"number":17,"offset":16,"appended_at":"2026-11-24T08:00:00Z",\
                "kind":"changed","detail":"its bytes\\u001b[31m are others"}""", null));
        // When
        int code = run("verify");
        // Then
        assertThat(code).isOne();
        assertThat(out.toString())
                .contains("circleci.webhooks/3 entry 17 (offset 16 of 2026-11-24T08:00:00Z): changed, its bytes")
                .doesNotContain("\u001b");
        assertThat(err.toString()).contains("Broken: 1 of 3 chains");
    }

    @Test
    void terminal_shows_a_bar() {
        treering.says(200, LINE.formatted("running", 500, 7, "", null) + LINE.formatted("intact", 1000, 7, "", null));

        assertThat(run(true, "verify")).isZero();
        assertThat(out.toString()).contains("[########........]  50 %  500 of 1,000 entries");
    }

    @Test
    void intact_trail_without_checkpoints_says_what_that_does_not_show() {
        treering.says(200, LINE.formatted("intact", 1000, 0, "", null));

        assertThat(run("verify")).isZero();
        assertThat(out.toString()).contains("No checkpoint was held against it");
    }

    @Test
    void one_chain_and_an_own_key_are_asked_for_and_json_is_the_last_line_alone(@TempDir Path folder) throws Exception {
        // Given
        Path key = Files.writeString(
                folder.resolve("key.pem"), "-----BEGIN PUBLIC KEY-----\nAB+/\n-----END PUBLIC KEY-----\n");
        treering.says(200, LINE.formatted("running", 500, 7, "", null) + LINE.formatted("intact", 1000, 7, "", null));
        // When
        int code = run(
                "verify", "--topic", "circleci.webhooks", "--partition", "3", "--public-key", key.toString(), "--json");
        // Then
        assertThat(code).isZero();
        assertThat(out.toString()).startsWith("{\"state\":\"intact\"").hasLineCount(1);
        assertThat(treering.requests())
                .containsExactly("GET /api/trail/verification?topic=circleci.webhooks&partition=3&public-key=AB%2B%2F");
    }

    @Test
    void answer_that_breaks_off_and_a_failure_are_1_and_wrong_use_is_2() {
        // Given
        treering.says(200, LINE.formatted("running", 500, 7, "", null))
                .says(200, LINE.formatted("failed", 0, 0, "", "\"Kafka does not give the checkpoints\""))
                .refuses(403, "Not with this token");
        // When, Then
        assertThat(run("verify")).isOne();
        assertThat(err.toString()).contains("the answer broke off");
        assertThat(run("verify")).isOne();
        assertThat(err.toString()).contains("The verification failed: Kafka does not give the checkpoints");
        assertThat(run("verify")).isOne();
        assertThat(err.toString()).contains("Not with this token");
        assertThat(run("verify", "--public-key", "/nowhere/key.pem")).isEqualTo(2);
        assertThat(run("verify", "--partition", "x")).isEqualTo(2);
        assertThat(err.toString()).doesNotContain("Exception", "\tat ");
    }
}
