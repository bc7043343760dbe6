package dev.treering.history;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

import dev.treering.Payloads;
import dev.treering.event.Topics;
import dev.treering.support.Digests;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class FactReaderTest {

    private static final String SNAPSHOT = """
            {"id":"00000000-0000-4000-8000-000000000009","observed_at":"2026-03-02T10:00:00Z","source":"api",
             "project_id":"5b1d7e90-2222-4f3a-9b20-7c4d8e6f0a02",%s}""";

    @ParameterizedTest
    @CsvSource({
        "github-workflow-completed, gh/acme/web, main, success",
        "github-tag-workflow-completed, gh/acme/web, , success",
        "api-triggered-workflow-completed, gh/acme/web, main, error",
        "bitbucket-workflow-completed, bb/acme/shop, master, success",
        "gitlab-workflow-completed, circleci/AcmeOrg11111111111111/AcmeApp22222222222222, feature/rings, failed",
        "github-app-workflow-completed, circleci/AcmeOrg11111111111111/AcmeSetup3333333333333, setup, success",
        "canceled-workflow-first, gh/acme/web, main, canceled"
    })
    void workflow_of_every_flavour_becomes_three_rows(String payload, String slug, String branch, String status)
            throws Unfoldable {
        // When
        List<Row> rows = read(Payloads.webhook(payload));

        // Then
        assertThat(rows).extracting(Row::table).containsExactly(Table.PROJECT, Table.PIPELINE, Table.WORKFLOW);
        assertThat(said(rows, Group.PROJECT_IDENTITY)).element(0).isEqualTo(slug);
        assertThat(branch == null ? null : said(rows, Group.PIPELINE_REF).get(0))
                .isEqualTo(branch);
        assertThat(rows.get(1).said().containsKey(Group.PIPELINE_REF)).isEqualTo(branch != null);
        assertThat(said(rows, Group.WORKFLOW_PROGRESS)).element(0).isEqualTo(status);
        assertThat(rows.get(2).said()).doesNotContainKey(Group.WORKFLOW_DETAILS);
    }

    @Test
    void job_says_nothing_of_its_workflows_progress() throws Unfoldable {
        // When
        List<Row> rows = read(Payloads.webhook("github-job-completed"));

        // Then
        assertThat(rows)
                .extracting(Row::table)
                .containsExactly(Table.PROJECT, Table.PIPELINE, Table.WORKFLOW, Table.JOB);
        assertThat(rows.get(2).said()).containsKey(Group.WORKFLOW_IDENTITY).doesNotContainKey(Group.WORKFLOW_PROGRESS);
        assertThat(said(rows, Group.JOB_NUMBER)).containsExactly(118L);
        assertThat(said(rows, Group.JOB_WORKFLOW)).containsExactly(rows.get(2).id());
    }

    @Test
    @Tag("F14")
    void job_without_a_workflow_has_none() throws Unfoldable {
        // When
        List<Row> rows = read(Payloads.webhook("gitlab-job-completed-without-workflow"));

        // Then
        assertThat(rows).extracting(Row::table).containsExactly(Table.PROJECT, Table.PIPELINE, Table.JOB);
        assertThat(rows.get(2).said()).doesNotContainKey(Group.JOB_WORKFLOW);
    }

    @Test
    @Tag("F14")
    void ping_gives_no_rows_and_is_known_by_its_webhook() throws Unfoldable {
        // When
        FactReader.Content content = FactReader.read(webhook(Payloads.webhook("ping")));

        // Then
        assertThat(content.rows()).isEmpty();
        assertThat(content.webhookId()).isEqualTo("0c9b1f6e-4e55-4d0a-9a55-5d6f0d1e7a01");
        assertThat(content.happenedAt()).isEqualTo("2026-03-01T07:50:27.457981Z");
    }

    @Test
    void last_of_a_cancelled_workflows_events_stands_above_the_first() throws Unfoldable {
        // Given
        Row first = read(Payloads.webhook("canceled-workflow-first")).get(2);
        Row last = read(Payloads.webhook("canceled-workflow-last")).get(2);

        // When
        last.merge(first);

        // Then
        assertThat(said(List.of(last), Group.WORKFLOW_PROGRESS))
                .containsExactly("canceled", Instant.parse("2026-03-08T12:00:31.800Z"));
    }

    @Test
    void snapshot_of_a_workflow_makes_placeholders_and_settles_the_details() throws Unfoldable {
        // When
        List<Row> rows = read(snapshot("\"workflow\":{\"id\":\"e4a7b2c9-4444-4b8f-8d6e-2c3e4f5a6b04\","
                + "\"pipeline_id\":\"c81e0f3a-3333-4e21-a7c4-1b2d3f4a5c03\",\"status\":\"running\"}"));

        // Then
        assertThat(rows).extracting(Row::table).containsExactly(Table.PROJECT, Table.PIPELINE, Table.WORKFLOW);
        assertThat(rows.get(0).said()).isEmpty();
        assertThat(rows.get(1).said()).isEmpty();
        assertThat(rows.get(2).said()).containsKey(Group.WORKFLOW_DETAILS);
        assertThat(rows.get(2).said().get(Group.WORKFLOW_PROGRESS).stamp()).startsWith("0");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "not json",
                "{} {}",
                "{\"id\":\"41\"}",
                "{\"id\":[]}",
                "{\"happened_at\":\"yesterday\"}"
            })
    @Tag("F20")
    void bytes_of_another_shape_are_unreadable(String body) {
        assertUnfoldable(webhook(body.getBytes(UTF_8)), Unfoldable.Reason.UNREADABLE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "{}", "{\"source\":\"rumour\"}"})
    void snapshot_of_another_shape_is_unreadable(String body) {
        assertUnfoldable(fact(Topics.SNAPSHOTS, body.getBytes(UTF_8)), Unfoldable.Reason.UNREADABLE);
    }

    @Test
    void slug_of_another_shape_is_unreadable() {
        assertUnfoldable(edited("github/acme/web", "acme/web"), Unfoldable.Reason.UNREADABLE);
    }

    @Test
    @Tag("F14")
    void event_type_of_another_version_is_unrecognised() {
        assertUnfoldable(edited("workflow-completed", "workflow-started"), Unfoldable.Reason.UNRECOGNISED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"type", "happened_at", "status", "workflow", "pipeline", "project"})
    @Tag("F14")
    void webhook_without_what_gives_it_a_place_is_incomplete(String missing) {
        assertUnfoldable(edited('"' + missing + "\":", "\"renamed\":"), Unfoldable.Reason.INCOMPLETE);
    }

    static List<String[]> unstorable() {
        return List.of(
                new String[] {"build-and-test", "build\\u0000test"},
                new String[] {"\"main\"", '"' + "m".repeat(601) + '"'},
                new String[] {"build-and-test", "b".repeat(601)},
                new String[] {"3f1c2b7a9d5e4f60812233445566778899aabbcc", "3".repeat(601)},
                new String[] {"Grow a ring", "a ring ".repeat(12_000)},
                new String[] {"\"vcs\":", "\"trigger_parameters\":{\"a\":[\"\\u0000\"]},\"vcs\":"});
    }

    @ParameterizedTest
    @MethodSource("unstorable")
    void values_that_postgresql_cannot_hold_are_refused_before_it_is_asked(String text, String unstorable) {
        assertUnfoldable(edited(text, unstorable), Unfoldable.Reason.REFUSED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0001-01-01T00:00:00Z", "2262-04-12T00:00:00Z", "9999-12-31T23:59:59Z"})
    @Tag("F16")
    void time_far_from_ours_is_read_like_any_other(String time) throws Unfoldable {
        assertThat(read(edited("2026-03-02T09:17:44.903112Z", time))).hasSize(3);
        assertThat(read(edited("2026-03-02T09:17:44.780Z", time))).hasSize(3);
    }

    @Test
    @Tag("F14")
    void status_and_fields_of_another_version_are_kept_and_passed_over() throws Unfoldable {
        // When
        List<Row> rows =
                read(edited("\"status\": \"success\"", "\"status\":\"exploded\",\"new\":{\"of\":[{\"any\":1}]}"));

        // Then
        assertThat(said(rows, Group.WORKFLOW_PROGRESS)).element(0).isEqualTo("exploded");
    }

    @ParameterizedTest
    @CsvSource({
        "1970-01-01T00:00:00Z, 1970-01-01T00:00:00Z",
        "2099-01-01T00:00:00Z, 2099-01-01T00:00:00Z",
        "2026-03-02T09:17:44.903112, 2026-03-02T09:17:44.903112Z"
    })
    @Tag("F16")
    void event_happened_when_it_says_and_not_when_our_clock_does(String text, Instant happenedAt) throws Unfoldable {
        // Given a receiver whose clock is two days off, either way
        Fact early = edited("2026-03-02T09:17:44.903112Z", text);
        Fact late = received(early, Instant.parse("2026-03-04T09:17:45Z"));
        Fact before = received(early, Instant.parse("2026-02-28T09:17:45Z"));

        // Then
        assertThat(FactReader.read(late).happenedAt()).isEqualTo(happenedAt);
        assertThat(told(late)).isEqualTo(told(before)).isEqualTo(told(early));
    }

    private static Fact received(Fact fact, Instant at) {
        return new Fact(
                fact.topic(),
                0,
                0,
                at,
                null,
                null,
                null,
                null,
                null,
                at,
                null,
                null,
                fact.body(),
                fact.digest(),
                null,
                null);
    }

    private static List<String> told(Fact fact) throws Unfoldable {
        return read(fact).stream()
                .flatMap(row -> row.said().entrySet().stream()
                        .map(said -> row.id() + " " + said.getKey() + " "
                                + said.getValue().stamp()
                                + Arrays.toString(said.getValue().values())))
                .sorted()
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"project\":{}", "\"pipeline\":{}", "\"jobs\":[{}]"})
    void snapshot_of_something_without_an_id_is_incomplete(String nameless) {
        assertUnfoldable(
                snapshot("\"workflow\":{\"id\":\"e4a7b2c9-4444-4b8f-8d6e-2c3e4f5a6b04\"}," + nameless),
                Unfoldable.Reason.INCOMPLETE);
    }

    @Test
    void backslash_before_u0000_is_ordinary_text() throws Unfoldable {
        assertThat(read(edited("\"vcs\":", "\"trigger_parameters\":{\"a\":\"\\\\u0000\"},\"vcs\":")))
                .hasSize(3);
    }

    private static void assertUnfoldable(Fact fact, Unfoldable.Reason reason) {
        assertThatExceptionOfType(Unfoldable.class)
                .isThrownBy(() -> FactReader.read(fact))
                .returns(reason, Unfoldable::reason);
    }

    private static List<Object> said(List<Row> rows, Group group) {
        return rows.stream()
                .map(row -> Optional.ofNullable(row.said().get(group)))
                .flatMap(Optional::stream)
                .findFirst()
                .map(said -> Arrays.asList(said.values()))
                .orElse(List.of());
    }

    private static List<Row> read(byte[] body) throws Unfoldable {
        return read(webhook(body));
    }

    private static List<Row> read(Fact fact) throws Unfoldable {
        return FactReader.read(fact).rows();
    }

    private static Fact edited(String text, String replacement) {
        String body = new String(Payloads.webhook("github-workflow-completed"), UTF_8);
        assertThat(body).contains(text);
        return webhook(body.replace(text, replacement).getBytes(UTF_8));
    }

    private static Fact snapshot(String rest) {
        return fact(Topics.SNAPSHOTS, SNAPSHOT.formatted(rest).getBytes(UTF_8));
    }

    private static Fact webhook(byte[] body) {
        return fact(Topics.WEBHOOKS, body);
    }

    private static Fact fact(String topic, byte[] body) {
        byte[] digest = Digests.sha256().digest(body);
        return new Fact(
                topic, 0, 0, Instant.EPOCH, null, null, null, null, null, null, null, null, body, digest, null, null);
    }
}
