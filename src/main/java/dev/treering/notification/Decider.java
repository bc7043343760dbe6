package dev.treering.notification;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.event.Cause;
import dev.treering.event.Change;
import dev.treering.event.Outcome;
import dev.treering.event.Transition;
import dev.treering.support.Rows;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * Notes the occasions that events give, and decides about those that are due: one worker at a time, and in one transaction
 * with the deliveries that follow. Whatever dies on the way, an occasion is decided once.
 */
@ApplicationScoped
class Decider {

    private static final String NOTE = """
            insert into notification_occasion (workflow_id, held, pipeline_id, noted_at, due_at, received_at, trace)
            select * from unnest(?::uuid[], ?::boolean[], ?::uuid[], ?::timestamptz[], ?::timestamptz[], ?::timestamptz[],
                ?::text[]) order by 1, 2
            on conflict do nothing""";

    // The first that is due takes along what else its pipeline has.
    private static final String DUE = """
            select workflow_id, held, noted_at, received_at, trace from notification_occasion
            where due_at is not null and pipeline_id in (
                select pipeline_id from notification_occasion where due_at <= ? order by due_at limit ?)
            limit ?""";

    private static final String SETTLE = """
            update notification_occasion o set due_at = s.due from unnest(?::uuid[], ?::boolean[], ?::timestamptz[])
                as s(workflow_id, held, due) where (o.workflow_id, o.held) = (s.workflow_id, s.held)""";

    /** @param held it waits for an approval; else it has ended */
    record Occasion(UUID workflowId, boolean held, Instant notedAt, Instant receivedAt, String trace) {

        Cause cause() {
            return new Cause(receivedAt, trace);
        }
    }

    /** An event, with what it follows from. */
    record Noted(Change change, Cause cause) {}

    private final DataSource database;
    private final Rules rules;
    private final Deliveries deliveries;
    private final NotificationConfig config;
    private final MeterRegistry meters;
    private final Clock clock;

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
        for (Verdict.Reason reason : Verdict.Reason.values()) {
            decisions(reason);
        }
    }

    /** Notes what may be worth a word; the same event again changes nothing. */
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
        return change.workflowId() != null && "workflow".equals(change.entity()) && (isHeld(change) || isNews(change));
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
        Round[] round = new Round[1];
        Rows.inTransaction(database, connection -> round[0] = decide(connection, now));
        if (round[0] == null) {
            return false;
        }
        round[0].counts().forEach((reason, count) -> decisions(reason).increment(count));
        return round[0].dues().size() >= config.batch();
    }

    private Counter decisions(Verdict.Reason reason) {
        return meters.counter("treering.notification.decisions", "reason", reason.toString());
    }

    private Round decide(Connection connection, Instant now) throws SQLException {
        boolean alone = Records.documents(
                        connection,
                        Boolean.class,
                        "select to_jsonb(pg_try_advisory_xact_lock(hashtext('notification')))")
                .get(0);
        if (!alone) {
            return null;
        }
        List<Occasion> due =
                Records.list(connection, Occasion.class, DUE, Records.time(now), config.batch(), config.batch());
        if (due.isEmpty()) {
            return null;
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
                            one.getKey().workflowId(), one.getKey().held(), one.getValue()
                        })
                        .toList());
        return round;
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
