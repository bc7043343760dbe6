package dev.treering.notification;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.UUID;

import jakarta.enterprise.context.ApplicationScoped;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.treering.support.Json;
import dev.treering.support.Rows;

/** Messages on their way to channels. */
@ApplicationScoped
class Deliveries {

    /** Adds a delivery in the caller's transaction, at most one for a channel and a message. */
    void add(Connection connection, UUID channelId, Message message) throws SQLException {
        try {
            Rows.execute(
                    connection,
                    """
                    insert into notification_delivery (id, channel_id, message_id, message) values (?, ?, ?, ?::jsonb)
                    on conflict (channel_id, message_id) do nothing""",
                    UUID.randomUUID(),
                    channelId,
                    message.id(),
                    Json.CIRCLECI.writeValueAsString(message));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a message is ours and always JSON", e);
        }
    }
}
