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

class DeadLettersCommandTest {

    private static final String ID = FakeTreering.ID;
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-24T10:00:00Z"), ZoneOffset.UTC);

    private final FakeTreering treering = new FakeTreering();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private boolean terminal;

    @AfterEach
    void stop() {
        treering.close();
    }

    private int run(String... args) {
        return TreeringCommand.line(Map.of("TREERING_URL", treering.url()), CLOCK, seconds -> {}, terminal)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(args);
    }

    private FakeTreering tells(int status, String kind, String state, int done) {
        return treering.says(status, """
                {"id": %s, "kind": "%s", "parameters": {}, "plan": {"count": 2000, "oldest": "2026-11-01T00:00:00Z",
                 "newest": "2026-11-02T00:00:00Z", "note": null}, "state": "%s", "done": %d, "total": 2000, "problem": %s,
                 "started_by": "ada", "started_at": "2026-11-24T10:00:00Z", "finished_at": null}""".formatted(
                        state.equals("planned") ? "null" : "\"" + ID + "\"",
                        kind,
                        state,
                        done,
                        state.equals("failed") ? "\"nothing\\u001b[31m is told\"" : "null"));
    }

    @Test
    void redrive_is_planned_first_and_then_followed_to_its_end() {
        // Given
        tells(200, "redrive", "planned", 0);
        tells(202, "redrive", "running", 0);
        tells(200, "redrive", "running", 500);
        tells(200, "redrive", "done", 2000);

        // When
        assertThat(run("dead-letters", "redrive", "--reason", "unrecognised", "--dry-run"))
                .isZero();
        terminal = true;
        assertThat(run("dead-letters", "redrive", "--reason", "unrecognised")).isZero();

        // Then
        assertThat(treering.requests())
                .containsExactly(
                        "POST /api/dead-letters/redrive?reason=unrecognised&dry_run=true",
                        "POST /api/dead-letters/redrive?reason=unrecognised",
                        "GET /api/tasks/" + ID,
                        "GET /api/tasks/" + ID);
        assertThat(out.toString())
                .startsWith("There would be 2,000 facts, from 2026-11-01T00:00:00Z to 2026-11-02T00:00:00Z\n")
                .contains("\r[####............]  25 %  500 of 2,000 facts")
                .endsWith("\nDone: 2,000 facts\n");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void letters_are_listed_page_after_page_and_shown_without_what_moves_a_cursor() {
        // Given
        treering.says(200, """
                {"groups": [{"reason": "unreadable", "waiting": 1200, "first_seen": "2026-11-01T00:00:00Z",
                 "last_seen": "2026-11-02T00:00:00Z", "redriven": 3, "duplicates": 0, "discarded": 1}], "items": [],
                 "next_page_token": null}""");
        for (String token : new String[] {"\"abc\"", "null"}) {
            treering.says(200, """
                    {"groups": [], "items": [{"id": "%s", "appended_at": "2026-11-01T00:00:00Z", "type": null,
                     "detail": "no \\u001b[31mJSON"}], "next_page_token": %s}""".formatted(ID, token));
        }
        treering.says(
                200,
                "{\"id\": \"%s\", \"note\": null, \"bytes\": \"AA==\", \"text\": \"a\\u001b[31m\\nb\"}".formatted(ID));

        // When
        assertThat(run("dead-letters", "list")).isZero();
        assertThat(run("dead-letters", "list", "--reason", "unreadable")).isZero();
        assertThat(run("dead-letters", "show", ID)).isZero();

        // Then
        assertThat(treering.requests())
                .containsExactly(
                        "GET /api/dead-letters",
                        "GET /api/dead-letters?reason=unreadable",
                        "GET /api/dead-letters?reason=unreadable&page-token=abc",
                        "GET /api/dead-letters/" + ID);
        String line = ID + "  2026-11-01T00:00:00Z  -  no  [31mJSON";
        assertThat(out.toString().lines())
                .containsExactly(
                        "unreadable    1,200 waiting, from 2026-11-01T00:00:00Z to 2026-11-02T00:00:00Z; 3 redriven, 0 duplicates, 1 discarded",
                        line,
                        line,
                        "id            " + ID,
                        "text          a [31m",
                        "b");
    }

    @Test
    void discarding_asks_for_which_and_why() {
        // Given
        treering.says(200, "{\"discarded\": 1}");

        // When
        assertThat(run("dead-letters", "discard", "--id", ID, "--note", "a test"))
                .isZero();
        assertThat(run("dead-letters", "discard", "--id", ID)).isEqualTo(2);
        assertThat(run("dead-letters", "discard", "--note", "a test")).isEqualTo(2);
        assertThat(run("dead-letters", "redrive")).isEqualTo(2);

        // Then
        assertThat(treering.requests()).containsExactly("POST /api/dead-letters/" + ID + "/discard");
        assertThat(treering.asked().get(0).body()).isEqualTo("{\"note\":\"a test\"}");
    }

    @Test
    void rebuild_that_fails_says_why_and_is_no_success() {
        // Given
        tells(202, "rebuild", "running", 0);
        tells(200, "rebuild", "failed", 10);

        // When
        assertThat(run("rebuild", "--untold", "keep")).isEqualTo(1);

        // Then
        assertThat(treering.requests()).containsExactly("POST /api/rebuilds?untold=keep", "GET /api/tasks/" + ID);
        assertThat(err.toString()).isEqualTo("Failed: nothing [31m is told\n");
        assertThat(run("rebuild", "--untold", "perhaps")).isEqualTo(2);
    }

    @Test
    void task_is_cancelled_and_whoever_comes_too_late_is_told() {
        // Given
        tells(200, "rebuild", "cancelled", 10);
        tells(200, "rebuild", "done", 2000);
        tells(202, "rebuild", "running", 0);
        tells(202, "rebuild", "running", 0);

        // Then
        assertThat(run("task", ID, "--cancel")).isZero();
        assertThat(run("task", ID, "--cancel")).isEqualTo(1);
        assertThat(run("rebuild", "--no-wait")).isZero();
        assertThat(run("rebuild", "--json")).isZero();
        assertThat(treering.requests()).startsWith("DELETE /api/tasks/" + ID);
        assertThat(out.toString().lines().limit(3))
                .containsExactly("Cancelled after 10 of 2,000 facts", "Done: 2,000 facts", ID);
        assertThat(out.toString()).contains("\"kind\":\"rebuild\"");
    }
}
