package dev.treering.notification;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

import dev.treering.notification.Policy.Told;
import dev.treering.notification.Rule.Kind;
import dev.treering.notification.Verdict.Reason;
import dev.treering.support.Problem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class PolicyTest {

    private static final Instant NOW = Instant.parse("2026-11-25T12:00:00Z");
    private static final UUID PROJECT = UUID.randomUUID();

    private final Policy policy = new Policy(Duration.ofSeconds(30), Duration.ofHours(1), Duration.ofHours(4));

    private static Rule rule(Kind kind) {
        return rule(kind, null, null, null);
    }

    private static Rule rule(Kind kind, Integer every, Long after, Long repeat) {
        return new Rule(
                UUID.randomUUID(),
                "r",
                kind,
                true,
                null,
                null,
                "@default",
                null,
                null,
                every,
                after,
                repeat,
                NOW,
                "me");
    }

    /** A run that ended so many minutes ago. */
    private static Run run(String status, boolean passedBefore, int failuresBefore, int minutesAgo) {
        return run(status, passedBefore, failuresBefore, minutesAgo, null);
    }

    private static Run run(String status, boolean passedBefore, int failuresBefore, int minutesAgo, String newer) {
        Instant end = NOW.minus(Duration.ofMinutes(minutesAgo));
        return new Run(
                UUID.randomUUID(),
                PROJECT,
                "gh/acme/web",
                "trunk",
                "build",
                "trunk",
                "dana",
                UUID.randomUUID(),
                7L,
                end.minusSeconds(300),
                end.minusSeconds(290),
                status.equals("on_hold") ? null : end,
                status,
                end,
                passedBefore,
                failuresBefore,
                failuresBefore > 0 ? end.minus(Duration.ofMinutes(10L * failuresBefore)) : null,
                newer);
    }

    private static Run on(String slug, String workflow, String branch, String actor, String defaultBranch) {
        return new Run(
                UUID.randomUUID(),
                PROJECT,
                slug,
                defaultBranch,
                workflow,
                branch,
                actor,
                null,
                7L,
                NOW,
                NOW,
                NOW,
                "failed",
                NOW,
                true,
                0,
                null,
                null);
    }

    private Reason judge(Rule rule, Run run) {
        return judge(rule, run, null);
    }

    private Reason judge(Rule rule, Run run, Told last) {
        return policy.judge(rule, run, last, List.of(), NOW).reason();
    }

    @ParameterizedTest
    @CsvSource({
        "failed,       true,  0, TOLD,       TRANSITION",
        "failed,       false, 0, TOLD,       TRANSITION",
        "error,        true,  0, TOLD,       TRANSITION",
        "unauthorized, true,  0, TOLD,       TRANSITION",
        "failed,       true,  1, TRANSITION, TRANSITION",
        "success,      true,  0, TRANSITION, TRANSITION",
        "success,      false, 0, TRANSITION, TRANSITION",
        "success,      true,  2, TRANSITION, TOLD",
        "success,      false, 2, TRANSITION, TOLD",
        "canceled,     true,  2, TRANSITION, TRANSITION",
        "running,      true,  2, TRANSITION, TRANSITION",
        "exploded,     true,  2, TRANSITION, TRANSITION"
    })
    void transition_isToldByItsRule(String status, boolean passed, int failures, Reason started, Reason recovered) {
        Run run = run(status, passed, failures, 1);
        assertThat(judge(rule(Kind.STARTED_FAILING), run)).isEqualTo(started);
        assertThat(judge(rule(Kind.RECOVERED), run)).isEqualTo(recovered);
    }

    @Test
    void runOfATag_hasNoTransition() {
        Rule everywhere = new Rule(
                UUID.randomUUID(),
                "r",
                Kind.STARTED_FAILING,
                true,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                NOW,
                "me");
        assertThat(judge(everywhere, on("gh/acme/web", "build", null, "dana", "trunk")))
                .isEqualTo(Reason.TRANSITION);
        assertThat(judge(everywhere, on("gh/acme/web", "build", "any", "dana", "trunk")))
                .isEqualTo(Reason.TOLD);
    }

    @Test
    void runThatEndedOverAnHourAgo_isOld() {
        assertThat(judge(rule(Kind.STARTED_FAILING), run("failed", true, 0, 60)))
                .isEqualTo(Reason.TOLD);
        assertThat(judge(rule(Kind.STARTED_FAILING), run("failed", true, 0, 61)))
                .isEqualTo(Reason.OLD);
        assertThat(judge(rule(Kind.RECOVERED), run("success", true, 1, 61))).isEqualTo(Reason.OLD);
    }

    @Test
    void runOlderThanTheLastTold_isOvertaken() {
        Run older = run("failed", true, 0, 20);
        Run newer = run("failed", true, 0, 10);
        assertThat(judge(rule(Kind.STARTED_FAILING), older, Told.of(newer, NOW)))
                .isEqualTo(Reason.OVERTAKEN);
        assertThat(judge(rule(Kind.STARTED_FAILING), newer, Told.of(older, NOW)))
                .isEqualTo(Reason.TOLD);
        assertThat(judge(rule(Kind.STARTED_FAILING), newer, Told.of(newer, NOW)))
                .isEqualTo(Reason.TOLD);
    }

    @Test
    void runThatANewerOneContradicts_isOvertaken() {
        assertThat(judge(rule(Kind.STARTED_FAILING), run("failed", true, 0, 1, "success")))
                .isEqualTo(Reason.OVERTAKEN);
        assertThat(judge(rule(Kind.STARTED_FAILING), run("failed", true, 0, 1, "error")))
                .isEqualTo(Reason.TOLD);
        assertThat(judge(rule(Kind.RECOVERED), run("success", true, 1, 1, "failed")))
                .isEqualTo(Reason.OVERTAKEN);
        assertThat(judge(rule(Kind.RECOVERED), run("success", true, 1, 1, "success")))
                .isEqualTo(Reason.TOLD);
    }

    @Test
    void breakThatWasOverBeforeAnybodyWasTold_isBrief() {
        Run quick = run("success", true, 1, 1);
        Policy patient = new Policy(Duration.ofMinutes(11), Duration.ofHours(1), Duration.ofHours(4));
        assertThat(quick.broken()).isEqualTo(Duration.ofMinutes(10));
        assertThat(patient.judge(rule(Kind.RECOVERED), quick, null, List.of(), NOW)
                        .reason())
                .isEqualTo(Reason.BRIEF);
    }

    @ParameterizedTest
    @CsvSource({"1, COUNT", "2, TOLD", "3, COUNT", "5, TOLD"})
    void stillFailing_isToldAtEachThirdFailure(int before, Reason reason) {
        assertThat(judge(rule(Kind.STILL_FAILING, 3, null, null), run("failed", true, before, 1)))
                .isEqualTo(reason);
    }

    @Test
    void stillFailing_isToldOnceItIsBrokenForSoLong() {
        Rule after = rule(Kind.STILL_FAILING, null, 1800L, null);
        assertThat(judge(after, run("failed", true, 2, 1))).isEqualTo(Reason.COUNT);
        assertThat(judge(after, run("failed", true, 3, 1))).isEqualTo(Reason.TOLD);
    }

    @Test
    void stillFailing_isQuietAfterItWasTold() {
        Rule every = rule(Kind.STILL_FAILING, 1, null, null);
        Run before = run("failed", true, 2, 20);
        Run run = run("failed", true, 3, 1);
        assertThat(judge(every, run, Told.of(before, NOW.minusSeconds(600)))).isEqualTo(Reason.REPEAT);
        assertThat(judge(rule(Kind.STILL_FAILING, 1, null, 600L), run, Told.of(before, NOW.minusSeconds(600))))
                .isEqualTo(Reason.TOLD);
        // Half told to one of two channels, it is told to the other.
        assertThat(judge(every, run, Told.of(run, NOW.minusSeconds(600)))).isEqualTo(Reason.TOLD);
        // Of an earlier break.
        assertThat(judge(every, run, Told.of(before, NOW.minusSeconds(3600)))).isEqualTo(Reason.TOLD);
    }

    @Test
    void approval_isToldOnceItWaitsForSoLong() {
        Run waiting = run("on_hold", true, 0, 20);
        assertThat(judge(rule(Kind.NEEDS_APPROVAL), waiting)).isEqualTo(Reason.TOLD);
        assertThat(judge(rule(Kind.NEEDS_APPROVAL, null, 1200L, null), waiting)).isEqualTo(Reason.TOLD);
        Verdict later = policy.judge(rule(Kind.NEEDS_APPROVAL, null, 1800L, null), waiting, null, List.of(), NOW);
        assertThat(later.reason()).isEqualTo(Reason.WAITS);
        assertThat(later.again()).isEqualTo(NOW.plusSeconds(600));
    }

    @Test
    void approvalThatNobodyWaitsFor_isNotTold() {
        assertThat(judge(rule(Kind.NEEDS_APPROVAL), run("success", true, 0, 1))).isEqualTo(Reason.OVERTAKEN);
        assertThat(judge(rule(Kind.NEEDS_APPROVAL), run("on_hold", true, 0, 61)))
                .isEqualTo(Reason.OLD);
        assertThat(judge(rule(Kind.NEEDS_APPROVAL, null, 3600L, null), run("on_hold", true, 0, 119)))
                .isEqualTo(Reason.TOLD);
    }

    @Test
    void silence_holdsForWhatItMeans_untilItsEnd() {
        Run run = run("failed", true, 0, 1);
        Silence silence = new Silence(
                UUID.randomUUID(),
                "gh/acme/*",
                null,
                "@default",
                null,
                "we know",
                "dana",
                NOW.minusSeconds(60),
                NOW.plusSeconds(60));
        Verdict silenced = policy.judge(rule(Kind.STARTED_FAILING), run, null, List.of(silence), NOW);
        assertThat(silenced.reason()).isEqualTo(Reason.SILENCED);
        assertThat(silenced.detail()).contains("dana", "we know", "2026-11-25T12:01:00Z");
        assertThat(silence.covers(run, NOW.plusSeconds(59))).isTrue();
        assertThat(silence.covers(run, NOW.plusSeconds(60))).isFalse();
        assertThat(silence.covers(run, NOW.minusSeconds(61))).isFalse();
        assertThat(silence.covers(on("gh/other/web", "build", "trunk", "dana", "trunk"), NOW))
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "-,            -,      -,        -,    true",
                "gh/acme/web,  build,  trunk,    dana, true",
                "gh/acme/*,    b*d,    t?unk,    d*,   true",
                "gh/acme,      -,      -,        -,    false",
                "*/web,        -,      -,        -,    true",
                "gh/*/api,     -,      -,        -,    false",
                "-,            deploy, -,        -,    false",
                "-,            -,      main,     -,    false",
                "-,            -,      'main, trunk', -, true",
                "-,            -,      '@default,release/*', -, true",
                "-,            -,      @default, -,    true",
                "-,            -,      -,        dan,  false",
                "-,            @default, -,      -,    false"
            })
    void patterns_meanWhatTheySay(String project, String workflow, String branch, String actor, boolean meant) {
        assertThat(new Matcher(project, workflow, branch, actor)
                        .mismatch(on("gh/acme/web", "build", "trunk", "dana", "trunk"))
                        .isEmpty())
                .isEqualTo(meant);
    }

    @Test
    void mismatch_saysWhatDiffers() {
        assertThat(new Matcher(null, null, "main", null).mismatch(on("gh/acme/web", "build", "trunk", "dana", "trunk")))
                .hasValue("branch 'trunk' is not 'main'");
        assertThat(new Matcher(null, null, null, "d*").mismatch(on("gh/acme/web", "build", "trunk", null, "trunk")))
                .hasValue("actor '' is not 'd*'");
    }

    @Test
    void unknownDefaultBranch_isMainOrMaster() {
        Matcher onDefault = new Matcher(null, null, "@default", null);
        assertThat(onDefault.mismatch(on("s", "w", "main", "a", null))).isEmpty();
        assertThat(onDefault.mismatch(on("s", "w", "master", "a", null))).isEmpty();
        assertThat(onDefault.mismatch(on("s", "w", "trunk", "a", null))).isPresent();
        assertThat(onDefault.mismatch(on("s", "w", "main", "a", "trunk"))).isPresent();
    }

    @Test
    void hostilePattern_takesNoTime() {
        String text = "a".repeat(20_000);
        assertThat(Matcher.glob("*a".repeat(100) + "b", text)).isFalse();
        assertThat(Matcher.glob("*a".repeat(100), text)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"'',''", "*,''", "*,abc", "**,abc", "a*,a", "*c,abc", "a?c,abc", "a*b*c,a1b2b3c"})
    void glob_matches(String pattern, String text) {
        assertThat(Matcher.glob(pattern, text)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"'',a", "?,''", "a,ab", "a*b,abc", "a?c,ac", "A,a", "a.c,abc"})
    void glob_doesNotMatch(String pattern, String text) {
        assertThat(Matcher.glob(pattern, text)).isFalse();
    }

    @Test
    void messageId_isTheSameForTheSameNews_andAnotherForAnother() {
        Rule rule = rule(Kind.STARTED_FAILING);
        Run run = run("failed", true, 0, 1);
        assertThat(Composer.id(rule, run))
                .isEqualTo(Composer.id(rule, run))
                .extracting(UUID::version)
                .isEqualTo(5);
        assertThat(Composer.id(rule, run)).isNotEqualTo(Composer.id(rule, run("failed", true, 0, 1)));
        assertThat(Composer.id(rule, run)).isNotEqualTo(Composer.id(rule(Kind.STARTED_FAILING), run));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{'name': 'a'}",
                "{'name': '', 'kind': 'recovered'}",
                "{'name': 'a', 'kind': 'recovered', 'every': 2}",
                "{'name': 'a', 'kind': 'recovered', 'after_seconds': 2}",
                "{'name': 'a', 'kind': 'recovered', 'repeat_seconds': 2}",
                "{'name': 'a', 'kind': 'recovered', 'channels': []}",
                "{'name': 'a', 'kind': 'recovered', 'channels': [null]}",
                "{'name': 'a', 'kind': 'recovered', 'branch': ' '}",
                "{'name': 'a', 'kind': 'still_failing'}",
                "{'name': 'a', 'kind': 'still_failing', 'every': 0}",
                "{'name': 'a', 'kind': 'needs_approval', 'after_seconds': -1}",
                "{'name': 'a', 'kind': 'needs_approval', 'after_seconds': 99999999}"
            })
    void ruleThatCannotBe_isRefused(String json) throws Exception {
        Rule rule = new com.fasterxml.jackson.databind.ObjectMapper()
                .setPropertyNamingStrategy(com.fasterxml.jackson.databind.PropertyNamingStrategies.SNAKE_CASE)
                .readValue(json.replace('\'', '"'), Rule.class);
        assertThatThrownBy(() -> rule.asked(UUID.randomUUID(), NOW, "me"))
                .isInstanceOf(Problem.class)
                .extracting(refused -> ((Problem) refused).status())
                .isEqualTo(400);
    }
}
