package dev.treering.notification;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.notification.Message.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

class WordingTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static JsonNode slack(Message message) {
        String payload = JSON.valueToTree(Slack.payload(message)).toString();
        assertThat(SlackRules.faults(payload)).as(payload).isEmpty();
        try {
            return JSON.readTree(payload);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private static Message of(Kind kind, Map<String, ?> other) {
        Map<String, Object> fields = new java.util.HashMap<>(other);
        fields.put("kind", kind);
        return Messages.with(fields);
    }

    @Test
    void a_failure_says_where_what_who_and_since_when() {
        JsonNode message = slack(Messages.failure());
        assertThat(message.at("/text").asText()).isEqualTo("❌ Failed: gh/acme/web / main (build)");
        assertThat(message.at("/blocks/0/text/text").asText()).isEqualTo("❌ Failed: gh/acme/web / main (build)");
        assertThat(message.at("/blocks/1/elements/0/text").asText())
                .isEqualTo("24 Nov 10:02 UTC · Pipeline #1234"
                        + " · <https://app.circleci.com/pipelines/gh/acme/web/1234/workflows/w|workflow> · rowan");
        assertThat(message.at("/blocks").findValues("text").stream()
                        .map(text -> text.path("text").asText())
                        .toList())
                .contains(
                        "`a1b2c3d` Count rings, not years",
                        "1 failed job: <https://circleci.com/gh/acme/web/41|deploy>",
                        "Failed tests: leaves fall, roots hold, bark peels, +1 more",
                        "3 failures in a row since 24 Nov 09:15 UTC. It took 7m, usually 4m.");
        assertThat(message.at("/blocks/7/elements/0/url").asText()).startsWith("https://app.circleci.com/");
    }

    @Test
    void a_link_that_escaping_makes_too_long_is_left_out() {
        String url = "https://app.circleci.com/" + "&".repeat(1_400);
        JsonNode message = slack(Messages.with(Map.of("workflow_url", url, "author", "&".repeat(200))));
        assertThat(message.at("/blocks/1/elements/0/text").asText())
                .startsWith("24 Nov 10:02 UTC · Pipeline #1234 · workflow · &amp;");
    }

    @Test
    void each_kind_says_what_it_is() {
        assertThat(Wording.PLAIN.title(of(Kind.STILL_FAILING, Map.of())))
                .isEqualTo("❌ Still failing: gh/acme/web / main (build)");
        assertThat(Wording.PLAIN.title(of(Kind.RECOVERED, Map.of("broken_seconds", 2520))))
                .isEqualTo("✅ Recovered after 42m: gh/acme/web / main (build)");
        assertThat(Wording.PLAIN.title(of(Kind.NEEDS_APPROVAL, Map.of())))
                .isEqualTo("✋ Waits for approval: gh/acme/web / main (build)");
        assertThat(Wording.PLAIN.title(of(Kind.SUMMARY, Map.of("others", List.of(Messages.failure()), "more", 4))))
                .isEqualTo("🔔 5 messages");
        assertThat(Wording.PLAIN.title(OwnMessages.off(
                        "ops", "It answered 410", Messages.failure().at())))
                .isEqualTo("⚠️ Channel switched off: ops");
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void what_is_not_known_is_left_out(Kind kind) {
        // Given only what each message has
        Message bare = dev.treering.support.Json.CIRCLECI.convertValue(
                Map.of("id", "0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10", "kind", kind, "at", "2026-11-24T10:02:00Z"),
                Message.class);
        // Then
        assertThat(slack(bare).toString().toLowerCase()).doesNotContain("null", "not_found");
        assertThat(Wording.PLAIN.details(bare).toString().toLowerCase()).doesNotContain("null", "not_found");
    }

    @Test
    void the_longest_of_everything_is_cut_to_what_slack_takes() {
        String endless = "&<🌲>".repeat(5000);
        Map<String, Object> job = Map.of("name", endless, "url", "https://circleci.com/" + "&".repeat(1400));
        Map<String, Object> fields = Map.of(
                "project_slug", endless,
                "branch", endless,
                "workflow_name", endless,
                "commit_subject", endless,
                "author", endless,
                "revision", endless,
                "failed_jobs", Collections.nCopies(500, job),
                "failed_tests", Collections.nCopies(500, endless),
                "others", Collections.nCopies(500, Messages.with(Map.of("commit_subject", endless, "branch", endless))),
                "more", 7);
        for (Kind kind : Kind.values()) {
            String text = slack(of(kind, fields)).toString();
            if (kind == Kind.SUMMARY) {
                // Then nothing is silently dropped: those shown and those counted are all
                assertThat(text).containsPattern("\\+\\d+ more").contains("507 messages");
            }
            assertThat(Sender.body(of(kind, fields)).getBytes(UTF_8).length).isLessThan(20_000);
        }
    }

    @Test
    void a_summary_names_some_and_counts_the_rest() {
        List<Message> others = IntStream.range(0, 30)
                .mapToObj(i -> Messages.with(Map.of("branch", "b" + i)))
                .toList();
        String text = Wording.PLAIN
                .details(of(Kind.SUMMARY, Map.of("others", others, "more", 12)))
                .get(0);
        assertThat(text).contains("/ b0 ", "/ b9 ");
        int shown = (int) text.lines().filter(line -> line.contains("Failed:")).count();
        assertThat(text).endsWith("+%d more".formatted(42 - shown));
    }

    @Test
    void a_webhook_carries_lists_cut_and_the_rest_counted() throws JsonProcessingException {
        JsonNode body = JSON.readTree(Sender.body(
                of(Kind.SUMMARY, Map.of("others", Collections.nCopies(400, Messages.failure())))));
        assertThat(body.path("type").asText()).isEqualTo("notification.summary");
        int told = body.at("/data/others").size();
        assertThat(told).isBetween(1, 60);
        assertThat(body.at("/data/more").asInt()).isEqualTo(400 - told);
        assertThat(body.toString().length()).isLessThan(20_000);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<!channel>",
                "<@U0123>",
                "<https://evil.example|main>",
                "a & b < c > d",
                "line\nbreak\r\nBcc: all@example.com",
                "nul\u0000bell\u0007escape\u001b[31m",
                "right\u202eto\u2066left\u2069",
                "zero\u200bwidth\ufeff",
                "tag\udb40\udc41",
                "lone\ud800",
                "{m.id} {said.at} {#if true}x{/if} {cdi:config}",
                "*bold* _it_ `code` ~s~"
            })
    void whatever_a_name_holds_is_text_in_each_target(String hostile) {
        Message message = Messages.with(Map.of(
                "branch", hostile,
                "commit_subject", hostile,
                "author", hostile,
                "workflow_name", hostile,
                "failed_jobs", List.of(Map.of("name", hostile, "url", "javascript:alert(1)")),
                "failed_tests", List.of(hostile)));
        JsonNode slack = slack(message);
        slack.findParents("verbatim").forEach(text -> {
            assertThat(text.path("verbatim").asBoolean()).isTrue();
            assertThat(text.path("text")
                            .asText()
                            .replaceAll("<https://(app\\.)?circleci\\.com/[^<>|]+\\|workflow>", ""))
                    .doesNotContain("<", ">", "javascript")
                    .doesNotContainPattern("&(?!amp;|lt;|gt;)");
        });
        assertThat(slack.path("text").asText()).doesNotContain("<", ">");
        for (String shown : List.of(
                slack.toString().replace("\\n", ""), Wording.PLAIN.title(message), Wording.PLAIN.facts(message))) {
            assertThat(shown)
                    .doesNotContainPattern("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Co}]")
                    .doesNotContain("\\u0000", "\\u0007", "\\u001b");
        }
        if (hostile.startsWith("{m.id}")) {
            assertThat(Wording.PLAIN.title(message)).contains("{m.id} {said.at} {#if true}x{/if} {cdi:config}");
        }
    }
}
