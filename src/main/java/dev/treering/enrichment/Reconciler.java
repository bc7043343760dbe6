package dev.treering.enrichment;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import dev.treering.circleci.CircleCi;
import dev.treering.circleci.CircleCi.Page;
import dev.treering.circleci.CircleCiException;
import dev.treering.enrichment.Task.Named;
import dev.treering.event.Pipeline;
import dev.treering.event.Source;
import dev.treering.history.History;
import dev.treering.support.Rows;
import io.quarkus.logging.Log;

/**
 * Finds by itself what no webhook told: compares each project's newest pipelines with what was ever named, fetches the
 * numbers that are missing between them (CircleCI leaves none out), and asks again for workflows that have not ended.
 */
@Singleton
class Reconciler {

    private static final int MOST_OPEN = 1_000;
    private static final int MOST_HOLES = 1_000;
    // A tenth of the interval after a project was first seen: its runs of today are told by then.
    private static final int FIRST = 10;
    private static final Duration DAY = Duration.ofDays(1);

    private final DataSource database;
    private final Tasks tasks;
    private final CircleCi circleCi;
    private final Enricher enricher;
    private final History history;
    private final EnrichmentConfig config;

    /**
     * When a project was last compared.
     *
     * @param found pipelines that no webhook had told of, ever
     */
    record State(Instant lastAt, Instant dueAt, long found, String lastError) {}

    Reconciler(
            DataSource database,
            Tasks tasks,
            CircleCi circleCi,
            Enricher enricher,
            History history,
            EnrichmentConfig config) {
        this.database = database;
        this.tasks = tasks;
        this.circleCi = circleCi;
        this.enricher = enricher;
        this.history = history;
        this.config = config;
    }

    /** New projects, and workflows whose time has come to be asked for again. */
    void lookForWork() throws SQLException {
        List<Object[]> projects = history.projects().stream()
                .map(project -> new Object[] {project.id(), project.slug()})
                .toList();
        try (Connection connection = database.getConnection()) {
            // Of a slug that went over to another project the pipelines are that one's.
            Rows.update(connection, """
                    delete from reconciliation r using unnest(?::uuid[], ?::text[]) as s(id, slug)
                    where r.project_slug = s.slug and r.project_id <> s.id""", projects);
            Rows.update(connection, """
                    insert into reconciliation as r (project_id, project_slug, due_at)
                    select id, slug, now() + %d * interval '1 millisecond'
                    from unnest(?::uuid[], ?::text[]) as s(id, slug) order by 1
                    on conflict (project_id) do update set project_slug = excluded.project_slug
                    where r.project_slug <> excluded.project_slug""".formatted(config.reconcileInterval().toMillis() / FIRST), projects);
        }
        tasks.again(history.openWorkflows(MOST_OPEN));
    }

    /** Compares the project that has waited longest, if one is due. */
    boolean compareOne() throws SQLException {
        Optional<Task> due = due();
        if (due.isEmpty()) {
            return false;
        }
        Task project = due.get();
        try {
            compare(project);
        } catch (CircleCiException e) {
            if (e.kind() != CircleCiException.Kind.LIMITED) {
                put(
                        project.projectId(),
                        "last_error = ?, due_at = now() + ? * interval '1 millisecond'",
                        e.getMessage(),
                        (e.kind() == CircleCiException.Kind.NOT_FOUND ? DAY : config.reconcileInterval()).toMillis());
            }
        }
        return true;
    }

    private Optional<Task> due() throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement("select project_id, project_slug"
                        + " from reconciliation where due_at <= now() order by due_at limit 1");
                ResultSet row = statement.executeQuery()) {
            return row.next()
                    ? Optional.of(
                            Task.ofProject(row.getObject(1, UUID.class), row.getString(2), Source.RECONCILE, null))
                    : Optional.empty();
        }
    }

    private void compare(Task project) throws CircleCiException, SQLException {
        int forgotten = tasks.nameForgotten(project);
        if (forgotten > 0) {
            Log.warnf(
                    "%s: %d things in the history were not to be asked for; now they are",
                    project.projectSlug(), forgotten);
        }
        List<Named> missed = new ArrayList<>();
        Instant newest = Instant.EPOCH;
        String pageToken = null;
        for (int pages = 0; pages < config.reconcilePages(); pages++) {
            Page<Pipeline> page = circleCi.pipelines(project.projectSlug(), pageToken);
            Set<UUID> known =
                    tasks.known(page.items().stream().map(Pipeline::id).toList());
            int before = missed.size();
            for (Pipeline pipeline : page.items()) {
                newest = pipeline.createdAt().isAfter(newest) ? pipeline.createdAt() : newest;
                if (!known.contains(pipeline.id())) {
                    missed.add(new Named(project.pipeline(pipeline.id(), pipeline.createdAt()), false, Duration.ZERO));
                }
            }
            if (pages == 0) {
                askForLateWorkflows(project, page.items());
            }
            pageToken = page.nextPageToken();
            if (pageToken == null || missed.size() == before) {
                break;
            }
        }
        List<Named> all = new ArrayList<>(missed);
        // What was asked for once stays a hole where CircleCI has no such pipeline, and must not hide the holes further
        // back.
        Set<Long> asked = tasks.numbers(project.projectId());
        history.holes(project.projectId(), MOST_HOLES + asked.size()).stream()
                .flatMap(hole -> hole.numbers().boxed())
                .filter(number -> !asked.contains(number))
                .limit(MOST_HOLES)
                .forEach(number -> all.add(new Named(project.number(number), true, Duration.ZERO)));
        int named = tasks.name(all);
        if (named > 0) {
            Log.infof("%s: %d pipelines of which no webhook told yet", project.projectSlug(), named);
        }
        // A project that rests is compared less often: after a tenth of the time since its newest pipeline.
        put(
                project.projectId(),
                "last_error = null, last_at = now(), found = found + ?, due_at = now() + (1 + random() / 10)"
                        + " * least(greatest((now() - ?::timestamptz) / 10, ? * interval '1 millisecond'),"
                        + " interval '1 day')",
                named,
                newest.toString(),
                config.reconcileInterval().toMillis());
    }

    /** Of pipelines that were asked for before they had all of their workflows. */
    private void askForLateWorkflows(Task project, List<Pipeline> pipelines) throws CircleCiException, SQLException {
        for (UUID id : tasks.grown(pipelines.stream().map(Pipeline::id).toList())) {
            List<Named> workflows = Enricher.unlessUnknown(() -> enricher.workflows(project, id));
            if (workflows != null) {
                tasks.name(workflows);
            }
            tasks.askedAgain(id);
        }
    }

    /** For how long the comparison has been due that is due longest, in seconds. */
    double overdue() throws SQLException {
        return Rows.number(
                database,
                "select coalesce(extract(epoch from now() - min(due_at)), 0) from reconciliation where due_at < now()");
    }

    /** Pipelines in the holes of all projects that CircleCI was not found to lack. */
    long missing() throws SQLException {
        return Math.max(0, history.missing() - tasks.numbersNotFound());
    }

    private void put(UUID projectId, String sets, Object... values) throws SQLException {
        List<Object> all = new ArrayList<>(Arrays.asList(values));
        all.add(projectId);
        Rows.execute(database, "update reconciliation set " + sets + " where project_id = ?", all.toArray());
    }

    Optional<State> state(UUID projectId) throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement(
                        "select last_at, due_at, found, last_error from reconciliation where project_id = ?")) {
            statement.setObject(1, projectId);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? Optional.of(new State(
                                Rows.instant(row, "last_at"),
                                Rows.instant(row, "due_at"),
                                row.getLong("found"),
                                row.getString("last_error")))
                        : Optional.empty();
            }
        }
    }
}
