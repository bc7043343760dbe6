package dev.treering.notification;

import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;

import dev.treering.support.Json;

/** Reads rows as records, by way of the JSON that PostgreSQL makes of them: a column is a component of the same name. */
final class Records {

    private Records() {}

    static <T> List<T> list(Connection connection, Class<T> type, String sql, Object... values) throws SQLException {
        return documents(connection, type, "select to_jsonb(r) from (" + sql + ") r", values);
    }

    /** Of one column, which is JSON already. */
    static <T> List<T> documents(Connection connection, Class<T> type, String sql, Object... values)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            List<T> found = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    found.add(Json.CIRCLECI.readValue(row.getString(1), type));
                }
            }
            return found;
        } catch (IOException e) {
            throw new SQLException("A row is no " + type.getSimpleName(), e);
        }
    }

    static String write(Object document) {
        try {
            return Json.CIRCLECI.writeValueAsString(document);
        } catch (IOException e) {
            throw new IllegalStateException("What is ours can be written", e);
        }
    }

    static Object time(Instant time) {
        return time.atOffset(ZoneOffset.UTC);
    }

    static Object ids(Collection<UUID> ids) {
        return ids.stream().map(UUID::toString).toArray(String[]::new);
    }
}
