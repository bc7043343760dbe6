package dev.treering;

import java.sql.SQLException;
import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;

/** Looks into the tables past the application. */
@ApplicationScoped
public class Database {

    private final DataSource database;

    Database(DataSource database) {
        this.database = database;
    }

    /** The first column of the first row as text; null without a row. */
    public String value(String sql, Object... parameters) {
        try (var connection = database.getConnection();
                var statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            try (var row = statement.executeQuery()) {
                return row.next() ? row.getString(1) : null;
            }
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    public long count(String sql, Object... parameters) {
        return Long.parseLong(value(sql, parameters));
    }
}
