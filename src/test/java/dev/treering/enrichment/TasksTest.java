package dev.treering.enrichment;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.enrichment.Task.Kind;
import dev.treering.enrichment.Task.Named;
import dev.treering.enrichment.Tasks.Verdict;
import dev.treering.event.Source;
import dev.treering.history.History;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

    @Inject
    History history;

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
        tasks.failed(claimed, "in vain", null, Verdict.GIVE_UP);
        // Then the new naming stands
        assertThat(row()).isEqualTo("pending version 2 attempts 0");
    }

    @Test
    void onlyWhatWasAskedInVain_isGivenUp() throws SQLException {
        // Given many calls without an answer
        Task claimed = named(NOON);
        tasks.failed(task(NOON, claimed.version(), 50), "no answer", HOUR, Verdict.RETRY);
        // When nine answers cannot be read
        for (int attempt = 51; attempt < 60; attempt++) {
            tasks.failed(task(NOON, claimed.version(), attempt), "unreadable", HOUR, Verdict.COUNT);
        }
        // Then there is a tenth try, and no more
        assertThat(row()).isEqualTo("pending version 1 attempts 60");
        tasks.failed(task(NOON, claimed.version(), 60), "no answer", HOUR, Verdict.RETRY);
        assertThat(row()).isEqualTo("pending version 1 attempts 61");
        tasks.failed(task(NOON, claimed.version(), 61), "unreadable", HOUR, Verdict.COUNT);
        assertThat(row()).isEqualTo("given_up version 1 attempts 62");
    }

    @Test
    void whatIsRefused_isGivenUpAtOnceAndCountsAnewWhenItIsNamedAgain() throws SQLException {
        Task claimed = named(NOON);
        tasks.failed(claimed, "answered 400", null, Verdict.GIVE_UP);
        assertThat(row()).isEqualTo("given_up version 1 attempts 1");
        database.change("update enrichment_task set in_vain = 9 where entity_id = ?", id);
        Task again = named(NOON.plusSeconds(1));
        tasks.failed(again, "unreadable", HOUR, Verdict.COUNT);
        assertThat(row()).isEqualTo("pending version 2 attempts 1");
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
        tasks.failed(claimed, "unreadable", HOUR, Verdict.GIVE_UP);
        tasks.name(List.of(new Named(past, false, HOUR)));
        assertThat(row()).isEqualTo("pending version 2 attempts 0");
        done(task(NOON, 2, 0));
        tasks.name(List.of(new Named(past, false, HOUR)));
        assertThat(row()).isEqualTo("done version 2 attempts 0");
    }

    @ParameterizedTest
    @CsvSource({"running, true", "cancelled, false"})
    void ofABackfillThatWasCancelled_nothingMoreIsNamed(String state, boolean named) throws SQLException {
        // Given a task of it that was claimed before, and whose row is gone
        UUID backfill = UUID.randomUUID();
        database.change(
                "insert into backfill (id, project_slug, since, until, state, due_at)"
                        + " values (?, ?, now(), now(), ?, 'infinity')",
                backfill,
                "gh/acme/" + backfill,
                state);
        Task claimed = Task.ofProject(project.projectId(), project.projectSlug(), Source.BACKFILL, backfill)
                .pipeline(UUID.randomUUID(), NOON);
        // When its answer names more, and so does a webhook that took over one of its tasks
        Task live = Task.ofProject(project.projectId(), project.projectSlug(), Source.API, backfill)
                .workflow(null, UUID.randomUUID(), NOON);
        tasks.done(
                List.of(claimed),
                List.of(),
                List.of(
                        new Named(claimed.workflow(claimed.entityId(), id, NOON), false, HOUR),
                        new Named(live, false, HOUR)));
        // Then
        assertThat(row() != null).isEqualTo(named);
        assertThat(database.count("select count(*) from enrichment_task where entity_id = ?", live.entityId()))
                .isOne();
        database.change("delete from enrichment_task where backfill_id = ?", backfill);
        database.change("delete from backfill where id = ?", backfill);
    }

    @Test
    void aWorkflowThatHasNotEnded_isAskedForAgainWhenATenthOfItsAgeHasPassed() throws SQLException {
        // Given one that is ten hours old
        Map<UUID, Instant> open = Map.of(id, Instant.now().minus(HOUR.multipliedBy(10)));
        done(named(NOON));
        // Then
        askedAgo("30 minutes");
        assertThat(tasks.again(open)).isZero();
        askedAgo("61 minutes");
        assertThat(tasks.again(open)).isOne();
        assertThat(database.value("select source || priority || version from enrichment_task where entity_id = ?", id))
                .isEqualTo("reconcile12");
        // and while that is to come, not once more
        assertThat(tasks.again(open)).isZero();
    }

    private void askedAgo(String interval) {
        database.change(
                "update enrichment_task set settled_at = now() - ?::interval where entity_id = ?", interval, id);
    }

    @Test
    void workflowsThatHaveNotEnded_areThoseOfEachStatusThatIsNoEnd() {
        Map<String, UUID> statuses = new HashMap<>();
        for (String status : List.of("running", "failing", "on_hold", "queued", "success", "failed", "canceled")) {
            statuses.put(status, UUID.randomUUID());
            database.change(
                    "insert into workflow (id, name, status, created_at) values (?, ?, ?, now())",
                    statuses.get(status),
                    id.toString(),
                    status);
        }
        Set<UUID> open = history.openWorkflows(1_000).keySet();
        statuses.values().removeIf(workflow -> !open.contains(workflow));
        assertThat(statuses).containsOnlyKeys("running", "failing", "on_hold", "queued");
        database.change("delete from workflow where name = ?", id.toString());
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
