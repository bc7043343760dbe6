package dev.treering.command;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class TokenCommandTest {

    private static final String MADE = """
            {"token": "trt_abc", "id": "0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10", "name": "ci\\u001b[31m", "scopes": ["history:read"],
             "projects": ["11111111-1c8e-4d0a-9a53-2f0c6d9b7e10"], "expires_at": "2027-02-22T10:00:00Z", "last_used_at": null,
             "revoked_at": null, "of_a_later_version": 1}""";

    private final FakeTreering treering = new FakeTreering();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @AfterEach
    void stop() {
        treering.close();
    }

    private int run(String... args) {
        return TreeringCommand.line(
                        Map.of("TREERING_TOKEN", "admins"),
                        Clock.fixed(Instant.parse("2026-11-24T10:00:00Z"), ZoneOffset.UTC),
                        seconds -> {},
                        false)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(args);
    }

    @Test
    void new_token_stands_alone_on_standard_output() {
        // Given
        treering.says(201, MADE);

        // When
        int code = run(
                "token",
                "create",
                "--url",
                treering.url(),
                "--name",
                "ci",
                "--scope",
                "history:read",
                "--project",
                "gh/acme/web",
                "--expires",
                "90d");

        // Then
        assertThat(code).isZero();
        assertThat(out).hasToString("trt_abc" + System.lineSeparator());
        assertThat(err.toString())
                .contains("history:read; 1 projects; never used; until 2027-02-22")
                .doesNotContain("\u001b");
        assertThat(treering.asked().get(0).token()).isEqualTo("admins");
        assertThat(treering.asked().get(0).body())
                .contains(
                        "\"scopes\":[\"history:read\"]",
                        "\"projects\":[\"gh/acme/web\"]",
                        "\"expires_at\":\"2027-02-22T10:00:00Z\"");
    }

    @Test
    void tokens_are_listed_a_line_each_or_as_treering_says_them() {
        treering.says(200, "{\"items\": [%s, %s]}".formatted(MADE, MADE)).says(200, "{\"items\": []}");

        assertThat(run("token", "--url", treering.url(), "list")).isZero();
        assertThat(out.toString().lines()).hasSize(2).allMatch(line -> line.startsWith("0b7a4d52-"));
        assertThat(run("token", "list", "--url", treering.url(), "--json")).isZero();
        assertThat(out.toString()).endsWith("{\"items\":[]}" + System.lineSeparator());
    }

    @Test
    void token_is_revoked_by_its_id() {
        treering.says(204, "").says(204, "");
        String id = "0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10";

        assertThat(run("token", "revoke", id, "--url", treering.url())).isZero();
        assertThat(treering.requests()).containsExactly("DELETE /api/tokens/" + id);
        assertThat(out.toString()).isEmpty();
        assertThat(run("token", "revoke", id, "--url", treering.url(), "--json"))
                .isZero();
        assertThat(out).hasToString("{\"revoked\":\"%s\"}".formatted(id) + System.lineSeparator());
    }

    @Test
    void refusal_and_wrong_use_are_told_in_one_line() {
        treering.refuses(400, "'scopes' must be some of these");

        assertThat(run("token", "create", "--url", treering.url(), "--name", "x", "--scope", "root"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("'scopes' must be some of these").hasLineCount(1);
        assertThat(run("token", "create", "--name", "x", "--scope", "admin", "--expires", "someday"))
                .isEqualTo(2);
        assertThat(run("token", "revoke", "everything")).isEqualTo(2);
        assertThat(run("token")).isEqualTo(2);
        assertThat(err.toString()).doesNotContain("Exception", "\tat ");
    }
}
