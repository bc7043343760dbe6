package dev.treering.audit;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import dev.treering.audit.Tasks.Claimed;
import dev.treering.support.Notice;
import dev.treering.support.Role;
import dev.treering.support.Rows;
import dev.treering.support.SchemaJob;
import dev.treering.support.TreeringConfig;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;

/** Does the long work, in one worker at a time: whoever holds a lock in PostgreSQL, which ends with its process. */
@Singleton
public class TaskJob {

    private static final long PAUSE_MILLIS = 300;
    // Of SQL states: connection, resources, operator's work, conflicts. They pass; the task goes on afterwards.
    private static final Set<String> PASSING = Set.of("08", "53", "57", "40", "55");

    // What a rebuild has written so far may be what fills it; that goes when the task has failed.
    private static final String DISK_FULL = "53100";

    private final DataSource owner;
    private final Tasks tasks;
    private final Works works;
    private final TreeringConfig config;
    private final SchemaJob schema;
    private final Notice waiting = new Notice();
    private final AtomicBoolean busy = new AtomicBoolean();
    private final CountDownLatch stopping = new CountDownLatch(1);
    // A step may take minutes: the scheduler's threads are for what is short.
    private final ExecutorService worker =
            Executors.newSingleThreadExecutor(work -> new Thread(work, "treering-tasks"));

    TaskJob(
            @io.quarkus.agroal.DataSource("owner") DataSource owner,
            Tasks tasks,
            Works works,
            TreeringConfig config,
            SchemaJob schema) {
        this.owner = owner;
        this.tasks = tasks;
        this.works = works;
        this.config = config;
        this.schema = schema;
    }

    /** Somebody else has the task now, or cancelled it: what the step did is rolled back. */
    private static final class Taken extends RuntimeException {}

    @Scheduled(every = "1s", skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void look() {
        if (config.roles().contains(Role.WORKER)
                && schema.current()
                && !isStopping()
                && busy.compareAndSet(false, true)) {
            worker.execute(() -> {
                try {
                    workAlone();
                    waiting.over();
                } catch (SQLException | RuntimeException e) {
                    if (!isStopping()) {
                        waiting.say("Tasks wait: " + e.getMessage());
                    }
                } finally {
                    busy.set(false);
                }
            });
        }
    }

    private void workAlone() throws SQLException {
        if (tasks.isEmpty()) {
            return;
        }
        // Of the transaction, and that stays open: it needs no session of its own, and has nothing to keep from being
        // vacuumed.
        Rows.inTransaction(owner, connection -> {
            if (isAlone(connection)) {
                Optional<Claimed> next;
                while (!isStopping() && (next = tasks.claim(works.kinds())).isPresent()) {
                    run(next.get());
                }
            }
        });
    }

    private static boolean isAlone(Connection connection) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("set local idle_in_transaction_session_timeout = 0");
            try (var row = statement.executeQuery("select pg_try_advisory_xact_lock(hashtext('audit_task'))")) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    private void run(Claimed claimed) throws SQLException {
        Work work = works.of(claimed.task().kind());
        if (claimed.task().state().equals("running")) {
            try {
                work.begin(claimed.task());
                boolean more = true;
                for (String cursor = claimed.cursor(); more && !isStopping(); ) {
                    Work.Step step = step(work, claimed, cursor);
                    cursor = step.cursor();
                    more = !step.ended();
                    if (step.pause()) {
                        stopping.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
                    }
                }
                if (more) {
                    return;
                }
                Log.infof(
                        "Task %s (%s) is done",
                        claimed.task().id(), claimed.task().kind());
            } catch (Taken e) {
                Log.infof(
                        "Task %s (%s) was cancelled",
                        claimed.task().id(), claimed.task().kind());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (SQLException | RuntimeException e) {
                if (isStopping()) {
                    return;
                }
                tasks.problem(claimed, String.valueOf(e.getMessage()), !isPassing(e));
                if (isPassing(e)) {
                    throw e;
                }
                Log.warnf(
                        "Task %s (%s) failed: %s",
                        claimed.task().id(), claimed.task().kind(), e.getMessage());
            }
        }
        // A worker that lost its lock may find that another one goes on.
        if (tasks.find(claimed.task().id())
                .filter(task -> !task.state().equals("running"))
                .isPresent()) {
            work.tidy();
            tasks.tidied(claimed);
        }
    }

    private Work.Step step(Work work, Claimed claimed, String cursor) throws SQLException {
        Work.Step[] done = new Work.Step[1];
        Rows.inTransaction(work.database(), connection -> {
            done[0] = work.step(connection, claimed.task(), cursor);
            if (!tasks.advance(connection, claimed, done[0])) {
                throw new Taken();
            }
        });
        return done[0];
    }

    static boolean isPassing(Exception e) {
        return e instanceof SQLException sql
                && (sql.getSQLState() == null
                        || !sql.getSQLState().equals(DISK_FULL)
                                && PASSING.contains(sql.getSQLState().substring(0, 2)));
    }

    private boolean isStopping() {
        return stopping.getCount() == 0;
    }

    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        stopping.countDown();
        worker.shutdown();
        worker.awaitTermination(5, TimeUnit.SECONDS);
    }
}
