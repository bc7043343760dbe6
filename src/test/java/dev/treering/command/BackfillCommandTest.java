package dev.treering.command;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

import static dev.treering.command.FakeTreering.ID;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

class BackfillCommandTest {

    private final FakeTreering treering = new FakeTreering();
    private final Map<String, String> environment = new HashMap<>();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private Instant now = Instant.parse("2026-11-24T10:00:00.123Z");
    private BackfillCommand.Pause pause = seconds -> now = now.plusSeconds(seconds);
    private boolean terminal;

    @BeforeEach
    void set_environment() {
        environment.put("TREERING_URL", treering.url());
        environment.put("TREERING_TOKEN", "treering_1234");
    }

    @AfterEach
    void stop() {
        treering.close();
    }

    private int run(String... args) {
        InstantSource time = () -> now;
        CommandLine line = TreeringCommand.line(
                environment, time.withZone(ZoneOffset.UTC), seconds -> pause.seconds(seconds), terminal);
        return line.setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(args);
    }

    /** What was wrong and what to do, and nothing of our insides. */
    private String complaint() {
        assertThat(err.toString()).doesNotContain("Exception", "\tat ").hasLineCount(1);
        return err.toString();
    }

    @Test
    void backfill_is_started_and_followed_to_its_end() {
        // Given
        treering.tells(202, "running", 0, 0).tells(200, "running", 25, 0).tells(200, "done", 100, 0);

        // When
        int code = run("backfill", "github/acme/web", "--since", "2026-10-25", "--until", "2026-11-01");

        // Then
        assertThat(code).isZero();
        assertThat(treering.requests())
                .containsExactly(
                        "POST /api/projects/gh/acme/web/backfill",
                        "GET /api/backfills/" + ID,
                        "GET /api/backfills/" + ID);
        assertThat(treering.asked()).extracting(FakeTreering.Asked::token).containsOnly("treering_1234");
        assertThat(treering.asked().get(0).body())
                .contains("\"since\":\"2026-10-25T00:00:00Z\"", "\"until\":\"2026-11-01T00:00:00Z\"");
        assertThat(out.toString().lines())
                .startsWith(
                        "Backfill " + ID + " of gh/acme/web since 2026-10-25T00:00:00Z",
                        "0 %  0 of 100 tasks  12.5/s  1 min 35 s left")
                .endsWith("Done: 100 of 100 tasks, 4 pipelines");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void backfill_can_be_told_as_json_and_goes_on() {
        // Given
        treering.tells(202, "running", 0, 0).tells(200, "running", 25, 0).tells(200, "cancelled", 25, 0);

        // When, Then
        assertThat(run("backfill", "gh/acme/web", "--json")).isZero();
        assertThat(run("backfill", "--follow", ID, "--json")).isZero();
        assertThat(run("backfill", "--cancel", ID, "--json")).isZero();
        assertThat(out.toString().lines())
                .hasSize(3)
                .allSatisfy(line -> assertThat(line).startsWith("{").contains(ID));
        assertThat(treering.requests())
                .containsExactly(
                        "POST /api/projects/gh/acme/web/backfill",
                        "GET /api/backfills/" + ID,
                        "DELETE /api/backfills/" + ID);
    }

    @Test
    void the_command_loads_nothing_of_the_service() throws Exception {
        // Given
        treering.tells(202, "running", 0, 0);

        // When it is run as its users do, in a process of its own that says what it loads
        ProcessBuilder command = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load:stdout",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.treering.Treering",
                "backfill",
                "gh/acme/web",
                "--no-wait");
        command.environment().putAll(environment);
        Process process = command.redirectErrorStream(true).start();
        List<String> said = new String(process.getInputStream().readAllBytes(), UTF_8)
                .lines()
                .toList();

        // Then
        assertThat(process.waitFor()).isZero();
        assertThat(said).contains(ID).anyMatch(line -> line.contains(" dev.treering.Treering source:"));
        assertThat(said)
                .filteredOn(line -> line.matches(
                        ".*\\] (io\\.quarkus|io\\.vertx|org\\.hibernate|org\\.postgresql|org\\.apache\\.kafka)\\..*"))
                .map(line -> line.replaceAll(".*\\] | source:.*", ""))
                // Two interfaces of classes of ours
                .containsExactlyInAnyOrder(
                        "io.quarkus.runtime.QuarkusApplication", "io.quarkus.jackson.ObjectMapperCustomizer");
        assertThat(treering.requests()).containsExactly("POST /api/projects/gh/acme/web/backfill");
    }

    @Test
    void without_a_terminal_there_is_a_line_every_ten_seconds_at_most() {
        // Given
        treering.tells(202, "running", 0, 0);
        for (int second = 1; second <= 25; second++) {
            treering.tells(200, "running", second, 0);
        }
        treering.tells(200, "done", 100, 0);

        // When
        run("backfill", "gh/acme/web");

        // Then
        assertThat(out.toString().lines().filter(line -> line.contains("left")))
                .extracting(line -> line.substring(0, line.indexOf(" %")))
                .containsExactly("0", "10", "20");
        assertThat(out.toString()).doesNotContain("\r", "[#");
    }

    @Test
    void on_a_terminal_one_line_is_redrawn() {
        // Given
        terminal = true;
        treering.tells(202, "running", 0, 0).tells(200, "running", 50, 0).tells(200, "done", 100, 0);

        // When
        run("backfill", "gh/acme/web");

        // Then
        List<String> drawn = List.of(out.toString().split("\r"));
        assertThat(drawn).hasSize(4);
        assertThat(drawn.get(2)).startsWith("[########........]  50 %  50 of 100 tasks  12.5/s  1 min 35 s left");
        assertThat(drawn.get(3)).startsWith("[################] 100 %  100 of 100 tasks  12.5/s        ");
        assertThat(drawn.subList(1, 4))
                .allSatisfy(line ->
                        assertThat(line.lines().findFirst().orElseThrow()).hasSizeLessThan(80));
        assertThat(out.toString()).endsWith("\nDone: 100 of 100 tasks, 4 pipelines\n");
    }

    @Test
    void a_failure_is_told_with_its_reason() {
        treering.tells(202, "running", 0, 0).tells(200, "failed", 10, 0);

        assertThat(run("backfill", "gh/acme/web")).isEqualTo(1);
        // What others wrote may hold what moves a terminal's cursor.
        assertThat(complaint()).isEqualTo("Failed: CircleCI rejects [31m the token\n");
    }

    @Test
    void a_backfill_with_tasks_given_up_is_no_success() {
        treering.tells(202, "running", 0, 0).tells(200, "done", 97, 3);

        assertThat(run("backfill", "gh/acme/web")).isEqualTo(1);
        assertThat(complaint()).contains("3 tasks were given up");
    }

    @Test
    void a_backfill_that_somebody_cancels_is_no_success() {
        treering.tells(202, "running", 0, 0).tells(200, "cancelled", 40, 0);

        assertThat(run("backfill", "gh/acme/web")).isEqualTo(1);
        assertThat(complaint()).isEqualTo("Cancelled: 40 of 100 tasks, 4 pipelines\n");
    }

    @Test
    void without_waiting_only_the_id_is_printed() {
        treering.tells(202, "running", 0, 0);

        assertThat(run("backfill", "gh/acme/web", "--no-wait")).isZero();
        assertThat(out).hasToString(ID + "\n");
    }

    @Test
    void a_backfill_can_be_followed_later() {
        treering.tells(200, "running", 40, 0).tells(200, "done", 100, 0);

        assertThat(run("backfill", "--follow", ID)).isZero();
        assertThat(out.toString()).endsWith("Done: 100 of 100 tasks, 4 pipelines\n");
    }

    @Test
    void a_backfill_can_be_cancelled() {
        treering.tells(200, "cancelled", 40, 0);

        assertThat(run("backfill", "--cancel", ID)).isZero();
        assertThat(treering.requests()).containsExactly("DELETE /api/backfills/" + ID);
        assertThat(out).hasToString("Cancelled: 40 of 100 tasks, 4 pipelines\n");
    }

    @Test
    void cancelling_what_has_ended_is_no_success() {
        treering.tells(200, "done", 100, 0);

        assertThat(run("backfill", "--cancel", ID)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "2026-10-25T08:00:00Z, 2026-10-25T08:00:00Z",
        "2026-10-25T08:00:00+02:00, 2026-10-25T06:00:00Z",
        "2026-10-25, 2026-10-25T00:00:00Z",
        "30d, 2026-10-25T10:00:00Z",
        "12h, 2026-11-23T22:00:00Z",
        ", 2026-10-25T10:00:00Z"
    })
    void since_is_a_time_a_day_or_how_long_ago(String given, String sent) {
        // Given
        treering.tells(202, "running", 0, 0);

        // When
        if (given == null) {
            run("backfill", "gh/acme/web", "--no-wait");
        } else {
            run("backfill", "gh/acme/web", "--no-wait", "--since", given);
        }

        // Then
        assertThat(treering.asked())
                .singleElement()
                .extracting(FakeTreering.Asked::body)
                .isEqualTo("{\"since\":\"" + sent + "\"}");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "backfill web, 'web' is no project slug: it has three parts",
                "backfill gh/acme/web --since yesterday, 'yesterday' is no time: give 2026-10-25T08:00:00Z",
                "backfill gh/acme/web --since 30m, '30m' is no time",
                "backfill gh/acme/web --until 2026-13-01, '2026-13-01' is no time",
                "backfill --follow 17, UUID",
                "backfill, SLUG",
                "backfill gh/acme/web --follow " + ID + ", mutually exclusive",
                "backfill --cancel " + ID + " --since 30d, belong to a new backfill",
                "backfill gh/acme/web --token secret, --token",
                "backfill gh/acme/web --url localhost:8080, 'localhost:8080' in --url or TREERING_URL is no address",
                "backfil gh/acme/web, backfil",
                "--no-wait, --no-wait"
            })
    void what_is_not_understood_is_told_and_nothing_is_asked(String line, String told) {
        assertThat(run(line.split(" "))).isEqualTo(2);
        assertThat(err.toString())
                .contains(told, "Try ", "--help")
                .doesNotContain("Exception")
                .hasLineCount(2);
        assertThat(treering.asked()).isEmpty();
    }

    @Test
    void a_wrong_token_is_told_with_the_variable_that_holds_it() {
        treering.refuses(401, "Send your Treering token as Circle-Token");

        assertThat(run("backfill", "gh/acme/web")).isEqualTo(1);
        assertThat(complaint())
                .contains("does not accept the token. Set TREERING_TOKEN")
                .doesNotContain("1234");
    }

    @Test
    void a_missing_token_is_told_with_the_variable_that_should_hold_it() {
        environment.remove("TREERING_TOKEN");
        treering.refuses(401, "Send your Treering token as Circle-Token");

        assertThat(run("backfill", "gh/acme/web")).isEqualTo(1);
        assertThat(complaint()).contains("asks for a token. Set TREERING_TOKEN");
    }

    @Test
    void beside_the_service_its_own_token_will_do() {
        environment.remove("TREERING_TOKEN");
        environment.put("TREERING_SECURITY_BOOTSTRAP_TOKEN", "treering_5678\n");
        treering.tells(202, "running", 0, 0);

        assertThat(run("backfill", "gh/acme/web", "--no-wait")).isZero();
        assertThat(treering.asked()).extracting(FakeTreering.Asked::token).containsExactly("treering_5678");
    }

    @Test
    void a_token_that_is_none_is_not_shown() {
        environment.put("TREERING_TOKEN", "1234\n5678");

        assertThat(run("backfill", "gh/acme/web")).isEqualTo(2);
        assertThat(err.toString()).contains("TREERING_TOKEN").doesNotContain("5678");
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 404, 409, 503})
    void a_refusal_is_told_in_the_words_of_the_service(int status) {
        treering.refuses(status, "There is no project gh/acme/wbe");

        assertThat(run("backfill", "gh/acme/wbe")).isEqualTo(1);
        assertThat(complaint()).startsWith("There is no project gh/acme/wbe (" + status + " from " + treering.url());
    }

    @ParameterizedTest
    @CsvSource({"200, <html>", "200, {}", "404, <html>", "404, {}", "502, Bad Gateway"})
    void what_is_no_treering_is_told_as_such(int status, String body) {
        treering.says(status, body);

        assertThat(run("backfill", "gh/acme/web")).isEqualTo(1);
        assertThat(complaint()).contains(treering.url(), "Check TREERING_URL or --url");
    }

    @Test
    void the_token_follows_no_redirect() {
        try (FakeTreering other = new FakeTreering()) {
            treering.redirectsTo(other.url());

            assertThat(run("backfill", "gh/acme/web")).isEqualTo(1);
            assertThat(complaint()).contains("307");
            assertThat(other.asked()).isEmpty();
        }
    }

    @Test
    void a_service_that_is_away_is_told_with_its_address() {
        treering.close();

        assertThat(run("backfill", "gh/acme/web")).isEqualTo(1);
        assertThat(complaint()).contains("cannot be reached at " + treering.url(), "TREERING_URL");
    }

    @Test
    void a_service_that_comes_back_is_followed_on() {
        treering.tells(202, "running", 0, 0)
                .refuses(503, "The database does not answer")
                .says(502, "")
                .tells(200, "running", 50, 0)
                .tells(200, "done", 100, 0);

        assertThat(run("backfill", "gh/acme/web")).isZero();
        assertThat(treering.asked()).hasSize(5);
    }

    @Test
    void a_service_that_stays_away_is_given_up_after_two_minutes() {
        // Given
        Instant start = now;
        treering.tells(202, "running", 0, 0);
        pause = seconds -> {
            treering.close();
            now = now.plusSeconds(seconds);
        };

        // When
        int code = run("backfill", "gh/acme/web", "--url", treering.url());

        // Then
        assertThat(code).isEqualTo(1);
        assertThat(now).isBetween(start.plusSeconds(110), start.plusSeconds(125));
        assertThat(out.toString()).contains("No answer from Treering, trying again");
        assertThat(complaint())
                .contains("cannot be reached at", "treering backfill --url " + treering.url() + " --follow " + ID);
    }

    @Test
    void a_backfill_that_is_forgotten_is_not_waited_for() {
        treering.tells(202, "running", 0, 0).refuses(404, "There is no such backfill");

        assertThat(run("backfill", "gh/acme/web")).isEqualTo(1);
        assertThat(complaint()).contains("There is no such backfill");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "backfill --help"})
    void help_tells_variables_and_exit_codes(String line) {
        assertThat(run(line.split(" "))).isZero();
        assertThat(out.toString()).contains("backfill", "TREERING_URL", "TREERING_TOKEN", "Exit codes:");
    }
}
