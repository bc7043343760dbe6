package dev.treering.command;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Clock;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class DoctorCommandTest {

    private static final String WELL = """
            {"state": "ok", "roles": ["api", "receiver", "worker"], "kafka": "takes writes", "postgresql": "takes writes",
             "waiting": {}, "outbox": {"rows": 0, "oldest_seconds": 0}, "losses": {"missed": 0, "replaced": 0},
             "enrichment": {"state": "on"}, "version": "1.2", "schema": "current", "topics": [], "endpoints": ["default"],
             "dead_letters": 0, "proof": {"public_key": "MCow", "last_checkpoint": "2026-11-24T09:00:00Z",
             "append_only": true}}""";

    private final FakeTreering treering = new FakeTreering();
    private final StringWriter out = new StringWriter();

    @AfterEach
    void stop() {
        treering.close();
    }

    private int run(String... args) {
        return TreeringCommand.line(Map.of("TREERING_URL", treering.url()), Clock.systemUTC(), seconds -> {}, false)
                .setOut(new PrintWriter(out, true))
                .execute(args);
    }

    @Test
    void treering_that_is_well_gets_a_line_for_each_check_and_0() {
        treering.says(200, WELL);

        assertThat(run("doctor")).isZero();
        assertThat(out.toString().lines())
                .hasSize(14)
                .allMatch(line -> line.startsWith("ok "))
                .anyMatch(line -> line.contains("Treering 1.2"));
    }

    @Test
    void what_is_wrong_is_1_and_says_what_to_do_and_advice_is_not() {
        // Given
        treering.says(200, WELL.replace("\"kafka\": \"takes writes\"", "\"kafka\": \"does not answer\""))
                .says(
                        200,
                        WELL.replace("\"dead_letters\": 0", "\"dead_letters\": 3")
                                .replace("\"public_key\": \"MCow\"", "\"public_key\": null")
                                .replace("true", "false"));
        // When, Then
        assertThat(run("doctor")).isOne();
        assertThat(out.toString())
                .contains("wrong   kafka        does not answer. Webhooks go to PostgreSQL meanwhile");
        assertThat(run("doctor")).isZero();
        assertThat(out.toString())
                .contains("advice  dead letters 3 facts could not be read")
                .contains("TREERING_AUDIT_CHECKPOINT_KEY_FILE", "docs/security.md");
    }

    @Test
    void a_pause_that_circleci_asks_of_everybody_is_well_and_another_is_wrong() {
        // Given
        for (String state : List.of("limited", "paused")) {
            treering.says(200, WELL.replace("\"state\": \"on\"", "\"state\": \"%s\"".formatted(state)));
        }
        // When, Then
        assertThat(run("doctor")).isZero();
        assertThat(out.toString()).contains("ok      circleci     enrichment is limited");
        assertThat(run("doctor")).isOne();
        assertThat(out.toString())
                .contains("wrong   circleci     enrichment is paused. See to TREERING_CIRCLECI_TOKEN");
    }

    @Test
    void checks_come_as_json_too_also_where_nobody_answers() {
        // Given
        treering.says(200, WELL);
        // When, Then
        assertThat(run("doctor", "--json")).isZero();
        assertThat(out.toString())
                .contains("\"ok\":true", "\"name\":\"kafka\"", "\"state\":\"ok\"")
                .hasLineCount(1);
        treering.close();
        assertThat(run("doctor", "--json")).isOne();
        assertThat(out.toString()).contains("\"ok\":false", "cannot be reached");
    }
}
