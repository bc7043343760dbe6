package dev.treering.support;

import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;

/**
 * Work on the database that must be done however long that takes: nobody else would do it, and nothing may be skipped.
 * After a conflict with another transaction it is tried again almost at once, a few times and at random moments, so that
 * two do not meet again; while the database is away, every few seconds.
 */
@Singleton
public class Patience {

    private static final int MOST_CONFLICTS = 5;
    private static final int LONGEST_CONFLICT_MILLIS = 100;
    private static final int LONGEST_WAIT_SECONDS = 5;

    private final Accounting accounting;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Map<String, String> waiting = new ConcurrentHashMap<>();

    Patience(Accounting accounting) {
        this.accounting = accounting;
    }

    public interface Work<T> {

        T run() throws SQLException;
    }

    /**
     * Does the work, as often as needed.
     *
     * @param name what waits, as the log and {@code /api/status} call it
     * @throws CancellationException when the service stops first; whoever asked must leave the work to others
     */
    public <T> T until(String name, Work<T> work) throws InterruptedException {
        accounting.mayRetry(name);
        int conflicts = 0;
        int away = 0;
        while (true) {
            try {
                T done = work.run();
                if (waiting.remove(name) != null) {
                    Log.infof("%s goes on", name);
                }
                return done;
            } catch (SQLException | RuntimeException e) {
                boolean conflict = isConflict(e) && ++conflicts <= MOST_CONFLICTS;
                accounting.retried(name, conflict ? "conflict" : "away");
                if (!conflict) {
                    away++;
                    if (waiting.put(name, String.valueOf(e.getMessage())) == null) {
                        Log.warnf("%s waits for the database: %s", name, e.getMessage());
                    }
                }
                long pause = conflict
                        ? ThreadLocalRandom.current().nextLong(1, LONGEST_CONFLICT_MILLIS * conflicts)
                        : TimeUnit.SECONDS.toMillis(Math.min(away, LONGEST_WAIT_SECONDS));
                if (stopping.await(pause, TimeUnit.MILLISECONDS)) {
                    var stopped = new CancellationException("%s stopped while it waited".formatted(name));
                    stopped.initCause(e);
                    throw stopped;
                }
            }
        }
    }

    // Class 40: the transaction was rolled back to let another one through (deadlock, serialization failure).
    private static boolean isConflict(Exception e) {
        return e instanceof SQLException sql
                && sql.getSQLState() != null
                && sql.getSQLState().startsWith("40");
    }

    /** What waits for the database now, and why, by name. */
    public Map<String, String> waiting() {
        return new TreeMap<>(waiting);
    }

    void stop(@Observes ShutdownEvent event) {
        stopping.countDown();
    }
}
