package dev.treering.support;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Many new rows by COPY in its binary form: nothing is quoted, parsed or cast, and PostgreSQL fills a page at a time. Less work
 * for both sides than {@link Rows} where rows are wide; what conflicts is an error.
 */
public final class Copy {

    // PGCOPY, the bytes that a transfer would change, no flags, no extension: the form's own documentation.
    private static final byte[] BEGIN = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
    private static final int END = -1;
    private static final int NULL = -1;
    private static final int JSONB_VERSION = 1;
    private static final int PIECE_BYTES = 64 * 1024;
    private static final Instant POSTGRES_EPOCH = Instant.parse("2000-01-01T00:00:00Z");

    /** A value of a jsonb column. */
    public record Jsonb(String json) {}

    private Copy() {}

    /**
     * Copies the rows in as part of the caller's transaction.
     *
     * @param target the table and its columns, as in {@code trail (topic, partition)}
     * @param rows each value as its column has it: Integer int, Long bigint, Instant timestamptz, UUID, byte[] bytea, {@link Jsonb}, and
     *     text whatever else by its toString
     */
    public static void in(Connection connection, String target, List<Object[]> rows) throws SQLException {
        if (rows.isEmpty()) {
            return;
        }
        CopyIn copy = connection
                .unwrap(PGConnection.class)
                .getCopyAPI()
                .copyIn("copy %s from stdin (format binary)".formatted(target));
        try {
            ByteArrayOutputStream piece = new ByteArrayOutputStream(2 * PIECE_BYTES);
            DataOutputStream out = new DataOutputStream(piece);
            out.write(BEGIN);
            for (Object[] row : rows) {
                out.writeShort(row.length);
                for (Object value : row) {
                    write(out, value);
                }
                if (piece.size() >= PIECE_BYTES) {
                    send(copy, piece);
                }
            }
            out.writeShort(END);
            send(copy, piece);
            copy.endCopy();
        } catch (IOException e) {
            throw new IllegalStateException("bytes are written to memory", e);
        } catch (SQLException | RuntimeException e) {
            cancel(copy, e);
            throw e;
        }
    }

    // What was wrong with the rows decides what becomes of them: it must not be lost behind what becomes of the copy.
    private static void cancel(CopyIn copy, Exception cause) {
        try {
            if (copy.isActive()) {
                copy.cancelCopy();
            }
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    private static void send(CopyIn copy, ByteArrayOutputStream piece) throws SQLException {
        byte[] bytes = piece.toByteArray();
        copy.writeToCopy(bytes, 0, bytes.length);
        piece.reset();
    }

    private static void write(DataOutputStream out, Object value) throws IOException {
        if (value == null) {
            out.writeInt(NULL);
        } else if (value instanceof Integer number) {
            out.writeInt(Integer.BYTES);
            out.writeInt(number);
        } else if (value instanceof Long number) {
            out.writeInt(Long.BYTES);
            out.writeLong(number);
        } else if (value instanceof Instant time) {
            out.writeInt(Long.BYTES);
            out.writeLong(Times.micros(time) - Times.micros(POSTGRES_EPOCH));
        } else if (value instanceof UUID id) {
            out.writeInt(2 * Long.BYTES);
            out.writeLong(id.getMostSignificantBits());
            out.writeLong(id.getLeastSignificantBits());
        } else if (value instanceof Jsonb jsonb) {
            byte[] bytes = jsonb.json.getBytes(StandardCharsets.UTF_8);
            out.writeInt(1 + bytes.length);
            out.writeByte(JSONB_VERSION);
            out.write(bytes);
        } else {
            byte[] bytes = value instanceof byte[] raw ? raw : value.toString().getBytes(StandardCharsets.UTF_8);
            out.writeInt(bytes.length);
            out.write(bytes);
        }
    }
}
