package dev.treering.enrichment;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.enrichment.Task.Kind;
import dev.treering.enrichment.Task.Named;
import dev.treering.enrichment.Tasks.Verdict;
import dev.treering.event.Source;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** The table of tasks by itself: these tasks lie in the future, so that nobody claims them on the way. */
@FlowTest
class TasksTest {

    private static final Instant NOON = Instant.parse("2026-11-24T12:00:00Z");
    private static final Duration HOUR = Duration.ofHours(1);

    @Inject
    Tasks tasks;

    @Inject
    Database database;

    private final UUID id = UUID.randomUUID();
    private final Task project = Task.ofProject(UUID.randomUUID(), "gh/acme/tasks", Source.API, null);

    private String row() {
        return database.value(
                "select state || ' version ' || version || ' attempts ' || attempts from enrichment_task where entity_id = ?",
                id);
    }

    private String due() {
        return database.value(
                "select case when due_at > now() then 'later' else 'now' end from enrichment_task where entity_id = ?",
                id);
    }

    private Task task(Instant namedAt, int version, int attempts) {
        return new Task(
                Kind.WORKFLOW,
                id,
                project.projectId(),
                project.projectSlug(),
                null,
                id,
                null,
                Source.API,
                namedAt,
                null,
                version,
                attempts);
    }

    private Task named(Instant at) throws SQLException {
        tasks.name(List.of(new Named(task(at, 1, 0), false, HOUR)));
        return task(
                at,
                Integer.parseInt(database.value("select version::text from enrichment_task where entity_id = ?", id)),
                0);
    }

    private void done(Task task) throws SQLException {
        tasks.done(List.of(task), List.of(), List.of());
    }

    @Test
    void aRedelivery_asksForNothingNewAndALaterEventDoes() throws SQLException {
        Task first = named(NOON);
        done(first);
        named(NOON);
        assertThat(row()).isEqualTo("done version 1 attempts 0");
        named(NOON.plusSeconds(1));
        assertThat(row()).isEqualTo("pending version 2 attempts 0");
    }

    @Test
    void whatWasNamedAgainMeanwhile_isNeitherDoneNorGivenUpByTheOldClaim() throws SQLException {
        // Given a claim, and a later event
        Task claimed = named(NOON);
        named(NOON.plusSeconds(1));
        // When the old claim ends, either way
        done(claimed);
        assertThat(row()).isEqualTo("pending version 2 attempts 0");
        tasks.failed(task(NOON, claimed.version(), 9), "in vain", null, Verdict.COUNT);
        // Then the new naming stands
        assertThat(row()).isEqualTo("pending version 2 attempts 0");
    }

    @Test
    void onlyWhatWasAskedInVain_isGivenUp() throws SQLException {
        Task claimed = named(NOON);
        tasks.failed(task(NOON, claimed.version(), 50), "no answer", HOUR, Verdict.RETRY);
        assertThat(row()).isEqualTo("pending version 1 attempts 51");
        tasks.failed(task(NOON, claimed.version(), 8), "unreadable", HOUR, Verdict.COUNT);
        assertThat(row()).isEqualTo("pending version 1 attempts 9");
        tasks.failed(task(NOON, claimed.version(), 9), "unreadable", HOUR, Verdict.COUNT);
        assertThat(row()).isEqualTo("given_up version 1 attempts 10");
    }

    @Test
    void theJobsOfARunningWorkflow_waitAndItsEndIsDueAtOnce() throws SQLException {
        // Given the burst of its jobs
        for (int job = 0; job < 20; job++) {
            named(NOON.plusSeconds(job));
        }
        assertThat(due()).isEqualTo("later");
        // When it ends, the service that runs beside this test may ask at once
        tasks.name(List.of(new Named(task(NOON.plusSeconds(30), 1, 0), true, HOUR)));
        assertThat(due()).isEqualTo("now");
        // Then what its jobs tell later asks for nothing
        await().until(() -> !row().startsWith("pending") || row().endsWith("1"));
        String ended = database.value("select version::text from enrichment_task where entity_id = ?", id);
        named(NOON.plusSeconds(31));
        assertThat(database.value("select version::text from enrichment_task where entity_id = ?", id))
                .isEqualTo(ended);
    }

    @Test
    void aLiveEvent_takesOverWhatABackfillWouldHaveAskedForLast() throws SQLException {
        Task past = Task.ofProject(project.projectId(), project.projectSlug(), Source.BACKFILL, UUID.randomUUID())
                .workflow(null, id, NOON);
        tasks.name(List.of(new Named(past, false, HOUR)));
        named(NOON);
        assertThat(database.value(
                        "select source || priority || (backfill_id is not null) from enrichment_task where entity_id = ?",
                        id))
                .isEqualTo("api0true");
    }

    @ParameterizedTest
    @EnumSource(names = {"BACKFILL", "RECONCILE"})
    void aLiveTask_neverStandsBehindThePast(Source later) throws SQLException {
        named(NOON);
        Task past = Task.ofProject(project.projectId(), project.projectSlug(), later, UUID.randomUUID())
                .workflow(null, id, NOON.plusSeconds(1));
        tasks.name(List.of(new Named(past, false, HOUR)));
        assertThat(database.value("select source || priority from enrichment_task where entity_id = ?", id))
                .isEqualTo("api0");
    }

    @Test
    void aBackfill_asksAgainForWhatWasGivenUpAndNotForWhatIsDone() throws SQLException {
        Task past = Task.ofProject(project.projectId(), project.projectSlug(), Source.BACKFILL, UUID.randomUUID())
                .workflow(null, id, NOON);
        Task claimed = named(NOON);
        tasks.failed(task(NOON, claimed.version(), 99), "unreadable", HOUR, Verdict.COUNT);
        tasks.name(List.of(new Named(past, false, HOUR)));
        assertThat(row()).isEqualTo("pending version 2 attempts 0");
        done(task(NOON, 2, 0));
        tasks.name(List.of(new Named(past, false, HOUR)));
        assertThat(row()).isEqualTo("done version 2 attempts 0");
    }

    @Test
    void theTally_isExactAtEveryMoment() throws SQLException {
        // Given a task that waits, one that is done, and one that is given up
        Task done = named(NOON);
        done(done);
        tasks.name(List.of(
                new Named(project.workflow(null, UUID.randomUUID(), NOON), false, HOUR),
                new Named(project.pipeline(UUID.randomUUID(), NOON), false, HOUR)));
        Task vain = project.workflow(null, UUID.randomUUID(), NOON);
        tasks.name(List.of(new Named(vain, false, HOUR)));
        tasks.failed(vain, "gone", null, Verdict.NOT_FOUND);
        assertThat(tasks.ofProject(project.projectId())).isEqualTo(new Tasks.Counts(2, 1, 0, 1));
        // When it is added up, and one of them goes
        tasks.foldTally();
        assertThat(tasks.ofProject(project.projectId())).isEqualTo(new Tasks.Counts(2, 1, 0, 1));
        database.change("delete from enrichment_task where entity_id = ?", vain.entityId());
        // Then
        assertThat(tasks.ofProject(project.projectId())).isEqualTo(new Tasks.Counts(2, 1, 0, 0));
        assertThat(database.count("""
                        select count(*) from (select project_id, state, count(*) from enrichment_task group by 1, 2
                            except select project_id, state, sum(tasks) from task_tally group by 1, 2) as differing""")).isZero();
    }
}
