package dev.treering.notification;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.event.Cause;
import dev.treering.event.Change;
import dev.treering.event.Outcome;
import dev.treering.event.Transition;
import dev.treering.notification.Verdict.Reason;
import dev.treering.support.Rows;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * Notes the occasions that events give, and decides about those that are due: one worker at a time, and in one transaction
 * with the deliveries that follow. Whatever dies on the way, an occasion is decided once.
 */
@ApplicationScoped
class Decider {

    /** What occasions are about; nobody is told of anything else. */
    static final String ENTITY = "workflow";

    // A workflow may be held again, by another approval; what has ended has.
    private static final String NOTE = """
            insert into notification_occasion as o (workflow_id, held, pipeline_id, noted_at, due_at, received_at, trace)
            select distinct on (1, 2) * from unnest(?::uuid[], ?::boolean[], ?::uuid[], ?::timestamptz[], ?::timestamptz[],
                ?::timestamptz[], ?::text[]) order by 1, 2
            on conflict (workflow_id, held) do update
                set (noted_at, due_at, received_at, trace) =
                    (excluded.noted_at, least(o.due_at, excluded.due_at), excluded.received_at, excluded.trace)
                where o.held""";

    // The first that is due takes along what else its pipeline has.
    private static final String DUE = """
            select workflow_id, held, noted_at, received_at, trace from notification_occasion
            where due_at is not null and pipeline_id in (
                select pipeline_id from notification_occasion where due_at <= ? order by due_at limit ?)
            order by due_at limit ?""";

    // Not what was noted again meanwhile.
    private static final String SETTLE = """
            update notification_occasion o set due_at = s.due
            from unnest(?::uuid[], ?::boolean[], ?::timestamptz[], ?::timestamptz[]) as s(workflow_id, held, noted_at, due)
            where (o.workflow_id, o.held, o.noted_at) = (s.workflow_id, s.held, s.noted_at)""";

    // A round must end before the driver gives its connection up (socketTimeout) and the server goes on without us,
    // with our lock.
    private static final String IN_TIME = "set local statement_timeout = '20s'";

    /** A round writes no more, so that it ends: each rule may decide for each channel. */
    private static final int MOST_DECISIONS = 100_000;

    /** @param held it waits for an approval; else it has ended */
    record Occasion(UUID workflowId, boolean held, Instant notedAt, Instant receivedAt, String trace) {

        Cause cause() {
            return new Cause(receivedAt, trace);
        }
    }

    /** An event, with what it follows from. */
    record Noted(Change change, Cause cause) {}

    /** @param more whether more may be due */
    private record Decided(Map<Reason, Integer> counts, boolean more) {

        static final Decided NOTHING = new Decided(Map.of(), false);
    }

    private final DataSource database;
    private final Rules rules;
    private final Deliveries deliveries;
    private final NotificationConfig config;
    private final MeterRegistry meters;
    private final Clock clock;
    private volatile int batch;

    Decider(
            DataSource database,
            Rules rules,
            Deliveries deliveries,
            NotificationConfig config,
            MeterRegistry meters,
            Clock clock) {
        this.database = database;
        this.rules = rules;
        this.deliveries = deliveries;
        this.config = config;
        this.meters = meters;
        this.clock = clock;
        batch = config.batch();
        for (Reason reason : Reason.values()) {
            decisions(reason);
        }
    }

    /** Notes what may be worth a word; the same event again is not told again. */
    int note(List<Noted> changes) throws SQLException {
        Instant now = clock.instant();
        List<Object[]> occasions = changes.stream()
                .filter(noted -> isOccasion(noted.change))
                .map(noted -> occasion(noted.change, noted.cause, now))
                .toList();
        try (Connection connection = database.getConnection()) {
            return Rows.update(connection, NOTE, occasions);
        }
    }

    private static boolean isOccasion(Change change) {
        return change.workflowId() != null && ENTITY.equals(change.entity()) && (isHeld(change) || isNews(change));
    }

    private Object[] occasion(Change change, Cause cause, Instant now) {
        return new Object[] {
            change.workflowId(),
            isHeld(change),
            Objects.requireNonNullElse(change.pipelineId(), change.workflowId()),
            now,
            // What ended long ago is never told; it is noted so that one can ask why.
            !isHeld(change) && isOld(change, now) ? null : now.plus(config.groupWait()),
            cause.receivedAt(),
            cause.trace()
        };
    }

    private static boolean isHeld(Change change) {
        return "on_hold".equals(change.status());
    }

    private static boolean isNews(Change change) {
        return change.transition() != null
                && (change.outcome() == Outcome.FAILURE || change.transition() == Transition.FIXED);
    }

    private boolean isOld(Change change, Instant now) {
        return change.stoppedAt() == null || change.stoppedAt().isBefore(now.minus(config.maxAge()));
    }

    /** Decides about all that is due, up to a batch; whether there may be more. */
    boolean decide() throws SQLException {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        Decided[] decided = new Decided[1];
        try {
            Rows.inTransaction(database, connection -> decided[0] = decide(connection, now));
        } catch (SQLException e) {
            // It may have been too much for one round.
            batch = Math.max(1, batch / 4);
            throw e;
        }
        if (!decided[0].more) {
            batch = config.batch();
        }
        decided[0].counts.forEach((reason, count) -> decisions(reason).increment(count));
        return decided[0].more;
    }

    private Counter decisions(Reason reason) {
        return meters.counter("treering.notification.decisions", "reason", reason.toString());
    }

    private Decided decide(Connection connection, Instant now) throws SQLException {
        Rows.execute(connection, IN_TIME);
        boolean alone = Records.documents(
                        connection,
                        Boolean.class,
                        "select to_jsonb(pg_try_advisory_xact_lock(hashtext('notification')))")
                .get(0);
        if (!alone) {
            return Decided.NOTHING;
        }
        int most = Math.min(batch, Math.max(1, MOST_DECISIONS / places(connection)));
        List<Occasion> due = Records.list(connection, Occasion.class, DUE, Records.time(now), most, most);
        if (due.isEmpty()) {
            return Decided.NOTHING;
        }
        Round round = new Round(connection, config, deliveries, rules, due, now);
        round.judge();
        round.tell();
        round.record();
        Rows.update(
                connection,
                SETTLE,
                round.dues().entrySet().stream()
                        .map(one -> new Object[] {
                            one.getKey().workflowId(),
                            one.getKey().held(),
                            one.getKey().notedAt(),
                            one.getValue()
                        })
                        .toList());
        return new Decided(round.counts(), due.size() == most);
    }

    private static int places(Connection connection) throws SQLException {
        String sql = """
                select to_jsonb((select count(*) from notification_rule)
                    * greatest(1, (select count(*) from notification_channel)))""";
        return Math.max(1, Records.documents(connection, Integer.class, sql).get(0));
    }

    /** Forgets what nobody can need any more: it is long too old to be told. */
    void prune() throws SQLException {
        Object before = Records.time(clock.instant().minus(config.retention()).minus(config.maxAge()));
        Rows.inTransaction(database, connection -> {
            Rows.execute(connection, "delete from notification_occasion where noted_at < ? and due_at is null", before);
            Rows.execute(connection, "delete from notification_decision where decided_at < ?", before);
            Rows.execute(connection, "delete from notification_silence where ends_at < ?", before);
        });
    }
}
