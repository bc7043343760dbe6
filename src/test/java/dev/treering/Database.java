package dev.treering;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;

import org.eclipse.microprofile.config.ConfigProvider;

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

    /** The first two columns of all rows. */
    public Map<String, String> map(String sql) {
        try (var connection = database.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            Map<String, String> map = new HashMap<>();
            while (row.next()) {
                map.put(row.getString(1), row.getString(2));
            }
            return map;
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    /** Changes what a test cannot wait for. */
    public int change(String sql, Object... parameters) {
        try (var connection = database.getConnection();
                var statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            return statement.executeUpdate();
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    /** Changes even the trail, and the shape of tables: as the server's administrator, whom no trigger stops. */
    public static int force(String sql, Object... parameters) {
        try (var connection = administrator();
                var setting = connection.createStatement();
                var statement = connection.prepareStatement(sql)) {
            setting.execute("set session_replication_role = replica");
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            return statement.executeUpdate();
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    public static Connection administrator() throws SQLException {
        String url = ConfigProvider.getConfig().getValue("quarkus.datasource.jdbc.url", String.class);
        return DriverManager.getConnection(url, "postgres", "postgres");
    }
}
