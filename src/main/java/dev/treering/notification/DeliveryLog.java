package dev.treering.notification;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.treering.support.PageToken;
import dev.treering.support.Rows;

/** What was sent, what was not and why; and once more. */
@Singleton
public class DeliveryLog {

    private static final int PAGE = 50;
    private static final PageToken TOP = new PageToken(Instant.parse("9999-12-31T00:00:00Z"), new UUID(0, 0), 0);

    private static final String LISTED = """
            select d.id, d.channel_id, c.name as channel, d.message_id, d.message ->> 'kind' as kind, d.state, d.created_at,
                d.attempts, a.status as last_status, a.error as last_error,
                case when d.state = 'pending' then d.due_at end as next_try_at, d.settled_at
            from notification_delivery d join notification_channel c on c.id = d.channel_id
            left join notification_attempt a on a.delivery_id = d.id and a.number = d.attempts
            """;

    private static final String STATUS = """
            select (select count(*) from notification_delivery where state = 'pending') as pending,
                array(select name from notification_channel where disabled_at is not null order by name) as channels_off""";

    private final DataSource database;

    DeliveryLog(DataSource database) {
        this.database = database;
    }

    /**
     * A message to one channel.
     *
     * @param state {@code pending}, {@code sent} or {@code failed}
     * @param attempts that were begun
     * @param lastStatus of the last HTTP answer; null where there was none
     */
    public record Delivery(
            UUID id,
            UUID channelId,
            String channel,
            UUID messageId,
            String kind,
            String state,
            Instant createdAt,
            int attempts,
            Integer lastStatus,
            String lastError,
            Instant nextTryAt,
            Instant settledAt) {}

    /** @param outcome {@code arrived} or {@code failed}; null while it is under way, or where its worker ended first */
    public record Attempt(
            int number,
            Instant startedAt,
            String outcome,
            Integer status,
            Integer latencyMillis,
            String error,
            Instant nextTryAt) {}

    /** One delivery with all that is known of it. */
    public record Detail(@JsonUnwrapped Delivery delivery, Map<String, Object> message, List<Attempt> log) {}

    public record DeliveryPage(List<Delivery> items, String nextPageToken) {}

    /**
     * How notifications stand.
     *
     * @param pending messages that are to be sent
     * @param channelsOff the names of channels that are switched off
     */
    public record Status(long pending, List<String> channelsOff) {}

    /** Newest first. @param channelId null for all, as is {@code state} */
    DeliveryPage list(UUID channelId, String state, String pageToken) throws SQLException {
        int filters = Objects.hash(channelId, state);
        PageToken given = PageToken.decode(pageToken, filters);
        PageToken after = given == null ? TOP : given;
        List<Delivery> found = query(
                "where (?::uuid is null or d.channel_id = ?) and (?::text is null or d.state = ?)"
                        + " and (d.created_at, d.id) < (?::timestamptz, ?) order by d.created_at desc, d.id desc limit ?",
                channelId,
                channelId,
                state,
                state,
                after.createdAt().toString(),
                after.id(),
                PAGE + 1);
        if (found.size() <= PAGE) {
            return new DeliveryPage(found, null);
        }
        Delivery last = found.get(PAGE - 1);
        return new DeliveryPage(found.subList(0, PAGE), new PageToken(last.createdAt(), last.id(), filters).encode());
    }

    Optional<Delivery> find(UUID id) throws SQLException {
        return query("where d.id = ?", id).stream().findFirst();
    }

    Optional<Delivery> find(UUID channelId, UUID messageId) throws SQLException {
        return query("where d.channel_id = ? and d.message_id = ?", channelId, messageId).stream()
                .findFirst();
    }

    private List<Delivery> query(String which, Object... values) throws SQLException {
        try (Connection connection = database.getConnection()) {
            return Records.list(connection, Delivery.class, LISTED + which, values);
        }
    }

    private record Told(Map<String, Object> message) {}

    /** A delivery with its message and all attempts. */
    Optional<Detail> detail(UUID id) throws SQLException {
        Optional<Delivery> found = find(id);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        try (Connection connection = database.getConnection()) {
            String attempts = "select * from notification_attempt where delivery_id = ? order by number";
            List<Attempt> log = Records.list(connection, Attempt.class, attempts, id);
            String message = "select message from notification_delivery where id = ?";
            return Records.list(connection, Told.class, message, id).stream()
                    .map(told -> new Detail(found.get(), told.message, log))
                    .findFirst();
        }
    }

    public Status status() throws SQLException {
        try (Connection connection = database.getConnection()) {
            return Records.list(connection, Status.class, STATUS).get(0);
        }
    }

    /**
     * What is to be sent.
     *
     * @param oldestSeconds for how long the message is due that is due longest, where the last one arrived; a channel that
     *     fails has its own pace
     */
    public record Backlog(long pending, double oldestSeconds, long channelsOff) {}

    public Backlog backlog() throws SQLException {
        Backlog[] backlog = new Backlog[1];
        Rows.each(database, """
                select (select count(*) from notification_delivery where state = 'pending'),
                    (select coalesce(extract(epoch from now() - min(d.due_at)), 0) from notification_delivery d
                        join notification_channel c on c.id = d.channel_id
                        where d.state = 'pending' and d.due_at < now() and c.disabled_at is null and c.failing_since is null),
                    (select count(*) from notification_channel where disabled_at is not null)""", row -> backlog[0] = new Backlog(row.getLong(1), row.getDouble(2), row.getLong(3)));
        return backlog[0];
    }

    /** Due at once, with all tries before it again. */
    int resend(UUID id) throws SQLException {
        return resend("d.id = ?", id);
    }

    /** The same for all in this state. @param channelId null for every channel */
    int resendAll(UUID channelId, String state) throws SQLException {
        return resend("(?::uuid is null or d.channel_id = ?) and d.state = ?", channelId, channelId, state);
    }

    private int resend(String which, Object... values) throws SQLException {
        return Rows.execute(
                database,
                "update notification_delivery d set state = 'pending', due_at = now(), tries = 0, settled_at = null"
                        + " from notification_channel c where c.id = d.channel_id and c.disabled_at is null and "
                        + which,
                values);
    }
}
