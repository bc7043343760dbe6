package dev.treering.notification;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.treering.event.Cause;
import dev.treering.notification.Sender.Outcome;
import dev.treering.support.Json;
import dev.treering.support.Rows;
import io.quarkus.logging.Log;

/**
 * The queue of what is to be sent, which stays as its log. A channel is leased whole, so that its messages leave one
 * after another, by its pace, whichever worker sends them. Its clock is the database's, one for all.
 */
@Singleton
class Deliveries {

    private static final Duration LONGEST_PAUSE = Duration.ofDays(1);
    private final DataSource database;
    private final DeliveryConfig config;
    private final Clock clock;

    Deliveries(DataSource database, DeliveryConfig config, Clock clock) {
        this.database = database;
        this.config = config;
        this.clock = clock;
    }

    /**
     * A message whose turn it is, with its channel.
     *
     * @param message null where this version cannot read it
     * @param number the attempt's
     */
    record Claimed(
            UUID id,
            UUID channelId,
            String channel,
            String kind,
            String target,
            Message message,
            int number,
            int tries,
            boolean failing,
            boolean repeated,
            Cause cause) {

        /** Whether somebody had it sent again, after it had arrived or failed for good. */
        boolean resent() {
            return tries < number;
        }
    }

    /** Adds a message in the caller's transaction, once for each channel; to none where the channel is gone. */
    void add(Connection connection, UUID channelId, Message message, Cause cause) throws SQLException {
        Rows.execute(
                connection,
                """
                insert into notification_delivery (id, channel_id, message_id, message, received_at, trace)
                select ?, id, ?, ?::jsonb, ?::timestamptz, ? from notification_channel where id = ?
                on conflict (channel_id, message_id) do nothing""",
                UUID.randomUUID(),
                message.id(),
                json(message),
                cause.receivedAt() == null ? null : cause.receivedAt().toString(),
                cause.trace(),
                channelId);
    }

    /** A message that follows from no webhook. */
    void add(Connection connection, UUID channelId, Message message) throws SQLException {
        add(connection, channelId, message, Cause.NONE);
    }

    /** Adds an invented message; its id. */
    UUID test(Channel channel) throws SQLException {
        Message message = OwnMessages.test(channel.name(), clock.instant());
        Rows.inTransaction(database, connection -> add(connection, channel.id(), message));
        return message.id();
    }

    private static String json(Message message) {
        // PostgreSQL keeps no NUL, and a branch may be called anything.
        return Records.write(message).replaceAll("(?<!\\\\)((?:\\\\\\\\)*)\\\\u0000", "$1");
    }

    /**
     * Takes the message that waits longest in a channel that is free, and begins an attempt. Who takes it and dies leaves
     * the attempt without an outcome; after the lease the message is sent again, under the same id.
     *
     * @param alsoFailing whether also from channels in which the last message failed
     */
    Optional<Claimed> claim(boolean alsoFailing) throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement("""
                        with ready as materialized (select c.id from notification_channel c
                            where c.disabled_at is null and c.free_at <= now() and (? or c.failing_since is null)
                                and exists (select from notification_delivery d
                                    where d.channel_id = c.id and d.state = 'pending' and d.due_at <= now())
                            order by c.failing_since nulls first, c.free_at limit 1 for update skip locked),
                        next as materialized (select d.id, d.channel_id from ready cross join lateral (
                            select d.id, d.channel_id from notification_delivery d
                            where d.channel_id = ready.id and d.state = 'pending' and d.due_at <= now()
                            order by d.due_at, d.created_at limit 1) as d),
                        leased as (update notification_channel c set free_at = now() + ? * interval '1 millisecond'
                            from next where c.id = next.channel_id returning c.*),
                        begun as (update notification_delivery d set attempts = d.attempts + 1, tries = d.tries + 1
                            from next where d.id = next.id returning d.*),
                        written as (insert into notification_attempt (delivery_id, number, started_at)
                            select id, attempts, now() from begun)
                        select begun.*, leased.name, leased.kind, leased.target, leased.failing_since, exists (
                            select from notification_attempt a where a.delivery_id = begun.id
                                and a.number = begun.attempts - 1 and a.outcome is null) as repeated
                        from begun join leased on leased.id = begun.channel_id""")) {
            statement.setBoolean(1, alsoFailing);
            statement.setLong(2, config.deadline().multipliedBy(3).toMillis());
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(claimed(row)) : Optional.empty();
            }
        }
    }

    private static Claimed claimed(ResultSet row) throws SQLException {
        return new Claimed(
                row.getObject("id", UUID.class),
                row.getObject("channel_id", UUID.class),
                row.getString("name"),
                row.getString("kind"),
                row.getString("target"),
                message(row.getString("message")),
                row.getInt("attempts"),
                row.getInt("tries"),
                row.getObject("failing_since") != null,
                row.getBoolean("repeated"),
                new Cause(Rows.instant(row, "received_at"), row.getString("trace")));
    }

    private static Message message(String json) {
        try {
            return Json.CIRCLECI.readValue(json, Message.class);
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    /** Writes down how the attempt ended, and when the channel and the message may be tried again. */
    void settle(Claimed claimed, Outcome outcome) throws SQLException {
        Duration asked = outcome.retryAfter() == null ? Duration.ZERO : least(outcome.retryAfter(), LONGEST_PAUSE);
        Optional<Duration> next = outcome.arrived()
                ? Optional.empty()
                : next(
                        config.schedule(),
                        claimed.tries(),
                        asked,
                        ThreadLocalRandom.current().nextDouble());
        Long wait = next.map(Duration::toMillis).orElse(null);
        // Where one failed the next would probably too: they come no faster than the first is tried again.
        Duration rest = outcome.arrived()
                ? Duration.ZERO
                : most(asked, config.schedule().get(1));
        Duration pause = claimed.kind().equals(Channel.SLACK) ? most(rest, config.slackPace()) : rest;
        String state = outcome.arrived() ? "sent" : next.isPresent() ? "pending" : "failed";
        Rows.inTransaction(database, connection -> {
            // The channel first, as who claims or deletes it does: else they wait for each other.
            Rows.execute(
                    connection,
                    """
                    update notification_channel set free_at = now() + ? * interval '1 millisecond',
                        failing_since = case when ? then null when exists (select from notification_delivery d
                                join notification_attempt a on a.delivery_id = d.id
                                where d.channel_id = ? and a.outcome = 'failed' and (d.id, a.number) <> (?, ?)
                                    and a.started_at > now() - interval '1 day')
                            then coalesce(failing_since, now()) else now() end where id = ?""",
                    pause.toMillis(),
                    outcome.arrived(),
                    claimed.channelId(),
                    claimed.id(),
                    claimed.number(),
                    claimed.channelId());
            Rows.execute(
                    connection,
                    """
                    update notification_attempt set outcome = ?, status = ?, latency_millis = ?, error = ?,
                        next_try_at = now() + ?::bigint * interval '1 millisecond' where delivery_id = ? and number = ?""",
                    outcome.arrived() ? "arrived" : "failed",
                    outcome.status(),
                    outcome.latencyMillis(),
                    outcome.error(),
                    wait,
                    claimed.id(),
                    claimed.number());
            // A later attempt, begun since the lease ran out, has the last word; but what has arrived has arrived.
            Rows.execute(
                    connection, """
                    update notification_delivery set state = ?, settled_at = case when ? then null else now() end,
                        due_at = now() + coalesce(?::bigint, 0) * interval '1 millisecond'
                    where id = ? and (attempts = ? or ?)""", state, next.isPresent(), wait, claimed.id(), claimed.number(), outcome.arrived());
            if (!outcome.arrived()) {
                switchOff(connection, claimed, outcome);
            }
        });
    }

    /**
     * How long a message that failed waits; empty when it was the last try.
     *
     * @param tries that failed
     * @param asked what the target asked for at least
     * @param chance from 0 to 1
     */
    static Optional<Duration> next(List<Duration> schedule, int tries, Duration asked, double chance) {
        if (tries >= schedule.size()) {
            return Optional.empty();
        }
        // Jitter goes on top: what was asked for is never undercut.
        long millis = most(schedule.get(tries), asked).toMillis();
        return Optional.of(Duration.ofMillis((long) (millis * (1 + chance / 5))));
    }

    private static Duration most(Duration one, Duration other) {
        return one.compareTo(other) > 0 ? one : other;
    }

    private static Duration least(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /** Ends a channel that says it is gone, or in which nothing has arrived for days, and tells the other channels. */
    private void switchOff(Connection connection, Claimed claimed, Outcome outcome) throws SQLException {
        // A mail server may say anything, and others are told this.
        String last = claimed.kind().equals(Channel.EMAIL) ? "the mail server did not take it" : outcome.error();
        String reason = outcome.gone()
                ? "It answered 410: it is gone"
                : "Nothing has arrived for %d hours; last: %s"
                        .formatted(config.offAfter().toHours(), last);
        if (Rows.execute(
                        connection,
                        """
                        update notification_channel set disabled_at = now(), disabled_reason = ?
                        where id = ? and disabled_at is null
                            and (? or failing_since < now() - ? * interval '1 millisecond')""",
                        reason,
                        claimed.channelId(),
                        outcome.gone(),
                        config.offAfter().toMillis())
                == 0) {
            return;
        }
        Log.warnf("The channel '%s' is switched off. %s", claimed.channel(), reason);
        Message message = OwnMessages.off(claimed.channel(), reason, clock.instant());
        try (PreparedStatement statement = connection.prepareStatement(
                        "select id from notification_channel where disabled_at is null order by id");
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                add(connection, row.getObject(1, UUID.class), message);
            }
        }
    }

    /** Nothing waits for a channel that is switched off, and nothing is kept for ever. */
    void tidy() throws SQLException {
        Rows.execute(database, """
                update notification_delivery d set state = 'failed', settled_at = now() from notification_channel c
                where c.id = d.channel_id and c.disabled_at is not null and d.state = 'pending'""");
        Rows.execute(
                database,
                "delete from notification_delivery where state <> 'pending' and settled_at < now() - ? * interval '1 millisecond'",
                config.logRetention().toMillis());
    }
}
