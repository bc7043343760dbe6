package dev.treering.audit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import javax.sql.DataSource;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import dev.treering.outbox.Publisher;
import dev.treering.support.Notice;
import dev.treering.support.Role;
import dev.treering.support.Rows;
import dev.treering.support.SchemaJob;
import dev.treering.support.TreeringConfig;
import io.quarkus.logging.Log;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.narayana.jta.QuarkusTransactionException;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;

/**
 * Says now and then, outside the database, how each chain stands: who later shortens or rewrites one, with all rights there
 * are, contradicts what was said. One worker at a time.
 */
@Singleton
public class CheckpointJob {

    private final DataSource database;
    private final Publisher publisher;
    private final Seal seal;
    private final AuditConfig config;
    private final TreeringConfig treering;
    private final SchemaJob schema;
    private final Clock clock;
    private final Notice notice = new Notice();

    CheckpointJob(
            DataSource database,
            Publisher publisher,
            Seal seal,
            AuditConfig config,
            TreeringConfig treering,
            SchemaJob schema,
            Clock clock) {
        this.database = database;
        this.publisher = publisher;
        this.seal = seal;
        this.config = config;
        this.treering = treering;
        this.schema = schema;
        this.clock = clock;
    }

    // A key that cannot be read is found at the start, and not an hour later.
    void start(@Observes StartupEvent event) {
        if (treering.roles().contains(Role.WORKER) && !seal.signs()) {
            Log.info("No checkpoints of the trail are made: treering.audit.checkpoint-key is not set");
        }
    }

    @Scheduled(
            every = "10s",
            delayed = "5s",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void look() {
        if (!seal.signs() || !schema.current() || !treering.roles().contains(Role.WORKER)) {
            return;
        }
        try {
            QuarkusTransaction.requiringNew().call(this::makeThoseDue);
            notice.over();
        } catch (QuarkusTransactionException | IllegalStateException e) {
            notice.say("Checkpoints of the trail wait: " + e.getMessage());
        }
    }

    /** The number of chains that have a new one. */
    int makeThoseDue() throws SQLException {
        try (Connection connection = database.getConnection()) {
            List<Object[]> made = new ArrayList<>();
            Map<Checkpoint, CompletableFuture<Void>> sent = new LinkedHashMap<>();
            due(connection).forEach(checkpoint -> sent.put(checkpoint, publisher.publish(checkpoint.event())));
            for (var entry : sent.entrySet()) {
                Checkpoint checkpoint = entry.getKey();
                try {
                    entry.getValue().get();
                    Log.infof("Checkpoint %s", checkpoint.json());
                    made.add(new Object[] {
                        checkpoint.topic(), checkpoint.partition(), checkpoint.entries(), checkpoint.time()
                    });
                } catch (ExecutionException e) {
                    // It is due still, at the next look.
                    notice.say("Checkpoints of the trail wait for Kafka: "
                            + e.getCause().getMessage());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    break;
                }
            }
            return Rows.update(connection, """
                    insert into trail_checkpoint (topic, partition, entries, made_at)
                    select * from unnest(?::text[], ?::int[], ?::bigint[], ?::timestamptz[])
                    on conflict (topic, partition) do update set entries = excluded.entries, made_at = excluded.made_at""", made);
        }
    }

    private List<Checkpoint> due(Connection connection) throws SQLException {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        List<Checkpoint> due = new ArrayList<>();
        // Where another worker is at it, there is nothing to be done.
        try (PreparedStatement statement = connection.prepareStatement("""
                select s.topic, s.partition, s.next_offset, s.entries, s.chain_head
                from (select pg_try_advisory_xact_lock(hashtext('treering checkpoints')) as mine) as lock
                    join stream_position s on lock.mine left join trail_checkpoint c using (topic, partition)
                where s.entries > coalesce(c.entries, 0)
                    and (c.made_at is null or c.made_at <= ?::timestamptz or s.entries >= c.entries + ?)
                order by s.topic, s.partition""")) {
            statement.setString(1, now.minus(config.checkpointInterval()).toString());
            statement.setLong(2, config.checkpointEntries());
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    String head = HexFormat.of().formatHex(row.getBytes(5));
                    due.add(new Checkpoint(
                                    row.getString(1),
                                    row.getInt(2),
                                    row.getLong(3),
                                    row.getLong(4),
                                    head,
                                    now,
                                    null,
                                    null)
                            .signed(seal));
                }
            }
        }
        return due;
    }
}
