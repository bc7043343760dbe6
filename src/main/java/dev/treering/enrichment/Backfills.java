package dev.treering.enrichment;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import dev.treering.circleci.CircleCi;
import dev.treering.circleci.CircleCi.Page;
import dev.treering.circleci.CircleCiException;
import dev.treering.enrichment.Task.Named;
import dev.treering.event.Pipeline;
import dev.treering.event.Source;
import dev.treering.support.Rows;

/**
 * Fetches runs of the past: lists a project's pipelines from the newest down to the beginning of the span, a page at a
 * time, and makes tasks of them, which come after everything else. The cursor and the tasks of a page are committed
 * together, so it goes on where it was after a crash; a pipeline that cannot be had is a task that fails, nothing more.
 */
@Singleton
class Backfills {

    private static final String FAILED = "state = 'failed', finished_at = now(), problem = ?";

    private final DataSource database;
    private final CircleCi circleCi;
    private final Tasks tasks;
    private final EnrichmentConfig config;
    private final Clock clock;

    /** A row of the table; {@code oldest} is how far down the list was read. */
    private record Backfill(
            UUID id,
            UUID projectId,
            String projectSlug,
            Instant since,
            Instant until,
            String state,
            String pageToken,
            boolean listed,
            Instant oldest,
            long pipelines,
            int pages,
            int inVain,
            String problem,
            Instant startedAt,
            Instant finishedAt) {}

    /**
     * How a backfill stands.
     *
     * @param state {@code running}, {@code done}, {@code cancelled} or {@code failed}
     * @param problem why it failed, what it waits for, or why the list was left before its end
     * @param pipelines found in the span so far
     * @param done tasks answered; {@code pending} are known and not asked yet, {@code givenUp} were asked in vain
     * @param progress from 0 to 1; an estimate until the list was read to its end
     * @param perSecond tasks a second since it started
     * @param etaSeconds null where nothing can be said yet
     */
    public record Status(
            UUID id,
            String projectSlug,
            Instant since,
            Instant until,
            String state,
            String problem,
            long pipelines,
            long done,
            long pending,
            long givenUp,
            double progress,
            double perSecond,
            Long etaSeconds,
            Instant startedAt,
            Instant finishedAt) {}

    Backfills(DataSource database, CircleCi circleCi, Tasks tasks, EnrichmentConfig config, Clock clock) {
        this.database = database;
        this.circleCi = circleCi;
        this.tasks = tasks;
        this.config = config;
        this.clock = clock;
    }

    /** Starts one; or says which of the project is running already. */
    Optional<UUID> start(UUID id, String slug, Instant since, Instant until) throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement("""
                        with started as (
                            insert into backfill (id, project_slug, since, until)
                            values (?, ?, ?::timestamptz, ?::timestamptz)
                            on conflict (project_slug) where state = 'running' do nothing returning id)
                        select id from backfill where project_slug = ? and state = 'running'
                            and not exists (select from started)""")) {
            statement.setObject(1, id);
            statement.setString(2, slug);
            statement.setString(3, since.toString());
            statement.setString(4, until.toString());
            statement.setString(5, slug);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(row.getObject(1, UUID.class)) : Optional.empty();
            }
        }
    }

    /** Stops it: what was not asked yet is forgotten, what was fetched stays. */
    void cancel(UUID id) throws SQLException {
        Rows.inTransaction(database, connection -> {
            // Two statements: the second sees what was committed while the first waited.
            if (update(connection, id, "state = 'cancelled', finished_at = now()") > 0) {
                Rows.execute(
                        connection,
                        "delete from enrichment_task"
                                + " where backfill_id = ? and state = 'pending' and source = 'backfill'",
                        id);
            }
        });
    }

    /** Those of which everything was asked for are done. */
    void finish() throws SQLException {
        Rows.execute(database, """
                update backfill b set state = 'done', finished_at = now() where state = 'running' and listed
                    and not exists (select from enrichment_task t where t.backfill_id = b.id and t.state = 'pending')""");
    }

    /** Lists the next page of the one that waits longest, unless enough of its tasks wait; whether that led anywhere. */
    boolean listOne() throws SQLException {
        Optional<Backfill> next = select("""
                where state = 'running' and not listed and due_at <= now() and ? > (select count(*) from enrichment_task t
                    where t.backfill_id = b.id and t.state = 'pending')
                order by started_at limit 1""", config.backfillWindow());
        if (next.isEmpty()) {
            finish();
            return false;
        }
        Backfill backfill = next.get();
        try {
            list(backfill);
            return true;
        } catch (CircleCiException e) {
            switch (e.kind()) {
                // The budget waits for all of us.
                case LIMITED, REJECTED, UNAVAILABLE -> put(backfill.id, "problem = ?", e.getMessage());
                case NOT_FOUND ->
                    put(
                            backfill.id,
                            FAILED,
                            "CircleCI has no project %s, or the token may not see it (%s)"
                                    .formatted(backfill.projectSlug, e.getMessage()));
                case REFUSED -> put(backfill.id, FAILED, e.getMessage());
                case UNREADABLE -> {
                    boolean again = backfill.inVain + 1 < config.maxAttempts();
                    put(
                            backfill.id,
                            (again ? "problem = ?" : FAILED)
                                    + ", in_vain = in_vain + 1, due_at = now() + ? * interval '1 millisecond'",
                            e.getMessage(),
                            tasks.backoff(backfill.inVain).toMillis());
                }
            }
            return false;
        }
    }

    /** Why a list that goes on is left all the same; null where it leads further down. */
    private String astray(Backfill backfill, Instant oldest) {
        if (backfill.pages > 0 && (backfill.oldest == null || !oldest.isBefore(backfill.oldest))) {
            return "CircleCI's list leads nowhere: its page %d goes no further back".formatted(backfill.pages + 1);
        }
        return backfill.pages + 1 < config.backfillPages()
                ? null
                : "CircleCI's list has more than %d pages".formatted(config.backfillPages());
    }

    private void list(Backfill backfill) throws CircleCiException, SQLException {
        UUID projectId = backfill.projectId != null
                ? backfill.projectId
                : circleCi.project(backfill.projectSlug).value().id();
        Task project = Task.ofProject(projectId, backfill.projectSlug, Source.BACKFILL, backfill.id);
        Page<Pipeline> page = circleCi.pipelines(backfill.projectSlug, backfill.pageToken);
        List<Named> named = new ArrayList<>();
        Instant oldest = backfill.oldest == null ? Instant.MAX : backfill.oldest;
        for (Pipeline pipeline : page.items()) {
            Instant createdAt = pipeline.createdAt();
            oldest = createdAt.isBefore(oldest) ? createdAt : oldest;
            if (!createdAt.isBefore(backfill.since) && createdAt.isBefore(backfill.until)) {
                named.add(new Named(project.pipeline(pipeline.id(), createdAt), true, Duration.ZERO));
            }
        }
        boolean over = page.nextPageToken() == null || oldest.isBefore(backfill.since);
        String astray = over ? null : astray(backfill, oldest);
        String readDownTo = oldest.equals(Instant.MAX) ? null : oldest.toString();
        Rows.inTransaction(database, connection -> {
            int running = update(
                    connection,
                    backfill.id,
                    "project_id = ?, page_token = ?, listed = ?, oldest = ?::timestamptz, pipelines = pipelines + ?,"
                            + " pages = pages + 1, in_vain = 0, problem = ?",
                    projectId,
                    page.nextPageToken(),
                    over || astray != null,
                    readDownTo,
                    named.size(),
                    astray);
            if (running > 0) {
                Tasks.name(connection, named);
            }
        });
    }

    private void put(UUID id, String sets, Object... values) throws SQLException {
        try (Connection connection = database.getConnection()) {
            update(connection, id, sets, values);
        }
    }

    private static int update(Connection connection, UUID id, String sets, Object... values) throws SQLException {
        List<Object> all = new ArrayList<>(Arrays.asList(values));
        all.add(id);
        return Rows.execute(
                connection, "update backfill set " + sets + " where id = ? and state = 'running'", all.toArray());
    }

    private Optional<Backfill> select(String where, Object value) throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement("select * from backfill b " + where)) {
            statement.setObject(1, value);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? Optional.of(new Backfill(
                                row.getObject("id", UUID.class),
                                row.getObject("project_id", UUID.class),
                                row.getString("project_slug"),
                                Rows.instant(row, "since"),
                                Rows.instant(row, "until"),
                                row.getString("state"),
                                row.getString("page_token"),
                                row.getBoolean("listed"),
                                Rows.instant(row, "oldest"),
                                row.getLong("pipelines"),
                                row.getInt("pages"),
                                row.getInt("in_vain"),
                                row.getString("problem"),
                                Rows.instant(row, "started_at"),
                                Rows.instant(row, "finished_at")))
                        : Optional.empty();
            }
        }
    }

    Optional<Status> status(UUID id) throws SQLException {
        Optional<Backfill> found = select("where id = ?", id);
        return found.isEmpty() ? Optional.empty() : Optional.of(status(found.get(), tasks.ofBackfill(id)));
    }

    private Status status(Backfill backfill, Tasks.Counts counts) {
        long settled = counts.done() + counts.givenUp() + counts.notFound();
        long known = settled + counts.pending();
        double estimated = known / Math.max(0.001, listedPart(backfill));
        double progress = backfill.state.equals("done") ? 1 : estimated == 0 ? 0 : Math.min(1, settled / estimated);
        Instant end = backfill.finishedAt == null ? clock.instant() : backfill.finishedAt;
        double perSecond = settled
                / Math.max(0.001, Duration.between(backfill.startedAt, end).toMillis() / 1e3);
        boolean running = backfill.state.equals("running");
        return new Status(
                backfill.id,
                backfill.projectSlug,
                backfill.since,
                backfill.until,
                backfill.state,
                backfill.problem,
                backfill.pipelines,
                counts.done(),
                counts.pending(),
                counts.givenUp() + counts.notFound(),
                Math.round(progress * 1000) / 1000.0,
                Math.round(perSecond * 100) / 100.0,
                running && settled > 0 ? Math.round((estimated - settled) / perSecond) : null,
                backfill.startedAt,
                backfill.finishedAt);
    }

    /** The part of the span that was listed. */
    private static double listedPart(Backfill backfill) {
        if (backfill.listed) {
            return 1;
        }
        if (backfill.oldest == null) {
            return 0;
        }
        double span = Duration.between(backfill.since, backfill.until).toMillis();
        return Math.max(0, Duration.between(backfill.oldest, backfill.until).toMillis()) / Math.max(1, span);
    }
}
