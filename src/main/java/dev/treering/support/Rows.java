package dev.treering.support;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import javax.sql.DataSource;

/**
 * SQL without ceremony. Many rows in one statement: each column travels as one array, {@code unnest(?::uuid[], ?::text[], …)}. Values go as
 * text and are cast by the statement, bytes as they are; one round trip whatever the number of rows. The arrays are of
 * String and not of Object, because only those the driver sends in binary form, without quoting and unquoting.
 */
public final class Rows {

    private Rows() {}

    /** Runs the statement over the rows; the number of rows it changed. Without rows nothing is sent. */
    public static int update(Connection connection, String sql, List<Object[]> rows) throws SQLException {
        if (rows.isEmpty()) {
            return 0;
        }
        try (PreparedStatement statement = prepare(connection, sql, rows)) {
            return statement.executeUpdate();
        }
    }

    /** The statement with the rows as its first parameters, one array a column. There must be a row. */
    public static PreparedStatement prepare(Connection connection, String sql, List<Object[]> rows)
            throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < rows.get(0).length; i++) {
            int column = i;
            boolean bytes = rows.get(0)[column] instanceof byte[];
            Object[] values = rows.stream()
                    .map(row -> bytes || row[column] == null ? row[column] : row[column].toString())
                    .toArray(bytes ? byte[][]::new : String[]::new);
            statement.setArray(column + 1, connection.createArrayOf(bytes ? "bytea" : "text", values));
        }
        return statement;
    }

    /** A column's time; null where it has none. */
    public static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }

    /** Runs one statement with these parameters in a transaction of its own; the number of rows it changed. */
    public static int execute(DataSource database, String sql, Object... values) throws SQLException {
        try (Connection connection = database.getConnection()) {
            return execute(connection, sql, values);
        }
    }

    /** Runs one statement with these parameters; the number of rows it changed. */
    public static int execute(Connection connection, String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            return statement.executeUpdate();
        }
    }

    public interface Reader {

        void on(ResultSet row) throws SQLException;
    }

    /** Reads each row of what one query with these parameters finds. */
    public static void each(DataSource database, String sql, Reader reader, Object... values) throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    reader.on(row);
                }
            }
        }
    }

    /** The one number that such a query finds. */
    public static double number(DataSource database, String sql) throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getDouble(1);
        }
    }

    public interface Work {

        void on(Connection connection) throws SQLException;
    }

    /** Does all of the work or, whatever goes wrong, none of it. */
    public static void inTransaction(DataSource database, Work work) throws SQLException {
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            try {
                work.on(connection);
                connection.commit();
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            }
        }
    }
}
