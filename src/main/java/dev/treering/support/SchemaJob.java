package dev.treering.support;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.quarkus.flyway.FlywayDataSource;
import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/**
 * Brings the database to this version's schema, or waits for it. Not Quarkus' migrate-at-start: a receiver starts while
 * PostgreSQL is down, and so does a worker, which then tries again until it is there.
 */
@Singleton
public class SchemaJob {

    private final Flyway flyway;
    private final TreeringConfig config;
    private volatile boolean current;
    private final Notice waiting = new Notice();

    SchemaJob(@FlywayDataSource("owner") Flyway flyway, TreeringConfig config) {
        this.flyway = flyway;
        this.config = config;
    }

    // Before the consumers start (their channels open at 1000): on a first start they should find their tables.
    void start(@Observes @Priority(100) StartupEvent event) {
        bringUp();
    }

    @Scheduled(
            every = "2s",
            delayed = "2s",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void bringUp() {
        if (current) {
            return;
        }
        try {
            if (config.roles().contains(Role.WORKER) && config.schema() == TreeringConfig.SchemaMode.MIGRATE) {
                int applied = flyway.migrate().migrationsExecuted;
                if (applied > 0) {
                    Log.infof("Schema brought up to date: %d migrations applied", applied);
                }
            } else if (flyway.info().pending().length > 0) {
                waiting.say("The schema is older than this version; waiting for a worker or a Job to migrate it");
                return;
            }
            current = true;
        } catch (FlywayException e) {
            waiting.say("The database is not ready, trying again every 2 s: " + firstLine(e));
        }
    }

    /** Whether the database was seen with this version's schema. */
    public boolean current() {
        return current;
    }

    private static String firstLine(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage()).lines().findFirst().orElse(root.toString());
    }
}
