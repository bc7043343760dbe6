package dev.treering.support;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.inject.Inject;

import dev.treering.FlowTest;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/** Into a real PostgreSQL. */
@FlowTest
class CopyTest {

    @Inject
    DataSource database;

    private static void make(Connection connection, String columns) throws SQLException {
        connection.setAutoCommit(false);
        Rows.execute(connection, "create temp table copied (%s) on commit drop".formatted(columns));
    }

    @Test
    void every_kind_of_value_is_as_it_was() throws SQLException {
        try (Connection connection = database.getConnection()) {
            // Given
            UUID id = UUID.fromString("9f6b2c1a-0000-4000-8000-00000000002a");
            make(connection, "i int, b bigint, t timestamptz, u uuid, y bytea, j jsonb, s text, n text");
            // When
            Object[] row = {
                -7,
                Long.MIN_VALUE,
                Instant.parse("1969-12-31T23:59:59.999999Z"),
                id,
                new byte[] {0, -1, 92},
                new Copy.Jsonb("{\"a\": \"\\u00e9\\\\\"}"),
                "é\t\\N\n\"",
                null
            };
            Copy.in(connection, "copied (i, b, t, u, y, j, s, n)", List.<Object[]>of(row));
            // Then
            try (var statement = connection.prepareStatement("select *, j->>'a' as a from copied");
                    var read = statement.executeQuery()) {
                assertThat(read.next()).isTrue();
                assertThat(read.getInt("i")).isEqualTo(-7);
                assertThat(read.getLong("b")).isEqualTo(Long.MIN_VALUE);
                assertThat(Rows.instant(read, "t")).isEqualTo("1969-12-31T23:59:59.999999Z");
                assertThat(read.getObject("u", UUID.class)).isEqualTo(id);
                assertThat(read.getBytes("y")).containsExactly(0, -1, 92);
                assertThat(read.getString("a")).isEqualTo("é\\");
                assertThat(read.getString("s")).isEqualTo("é\t\\N\n\"");
                assertThat(read.getString("n")).isNull();
                assertThat(read.next()).isFalse();
            }
            connection.rollback();
        }
    }

    @Test
    void what_is_wrong_with_a_row_is_said_whatever_comes_after_it() throws SQLException {
        // Given a row that PostgreSQL refuses long before the last one is sent
        List<Object[]> rows = new ArrayList<>();
        rows.add(new Object[] {"no \0 in text"});
        byte[] large = "x".repeat(1_000_000).getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < 50; i++) {
            rows.add(new Object[] {large});
        }
        try (Connection connection = database.getConnection()) {
            make(connection, "s text");
            // When
            SQLException refused =
                    catchThrowableOfType(SQLException.class, () -> Copy.in(connection, "copied (s)", rows));
            // Then it is known as such, and the connection is as good as before
            assertThat(refused.getSQLState()).isEqualTo("22021");
            connection.rollback();
            assertThat(connection.isValid(1)).isTrue();
            make(connection, "s text");
            Copy.in(connection, "copied (s)", rows.subList(1, 3));
            assertThat(Rows.execute(connection, "update copied set s = ''")).isEqualTo(2);
            connection.rollback();
        }
    }

    @Test
    void what_fails_on_our_side_amid_the_rows_leaves_the_connection_as_good_as_before() throws SQLException {
        // Given a value that cannot be written, after more than one piece
        RuntimeException failure = new IllegalStateException("not to be written");
        Object broken = new Object() {
            @Override
            public String toString() {
                throw failure;
            }
        };
        List<Object[]> rows = List.of(new Object[] {"x".repeat(100_000)}, new Object[] {broken});
        try (Connection connection = database.getConnection()) {
            make(connection, "s text");
            // When
            Throwable thrown = catchThrowable(() -> Copy.in(connection, "copied (s)", rows));
            // Then
            assertThat(thrown).isSameAs(failure).hasNoSuppressedExceptions();
            connection.rollback();
            make(connection, "s text");
            Copy.in(connection, "copied (s)", rows.subList(0, 1));
            assertThat(Rows.execute(connection, "update copied set s = ''")).isEqualTo(1);
            connection.rollback();
        }
    }
}
