package dev.treering.support;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.UUID;

/**
 * Where a page ended, in lists that run from newest to oldest: the last item's time and id, so that a list stays stable
 * while newer items arrive. A token belongs to its filters; with others it is refused.
 *
 * @param filters a hash of the filters of the list
 */
public record PageToken(Instant createdAt, UUID id, int filters) {

    /** The position as the text that {@code next_page_token} carries. */
    public String encode() {
        ByteBuffer bytes = ByteBuffer.allocate(28)
                .putLong(Times.micros(createdAt))
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits())
                .putInt(filters);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    /** The position, or null for the first page (no token). */
    public static PageToken decode(String token, int filters) {
        if (token == null || token.isBlank()) {
            return null;
        }
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(token));
            PageToken position = new PageToken(
                    Instant.EPOCH.plus(bytes.getLong(), ChronoUnit.MICROS),
                    new UUID(bytes.getLong(), bytes.getLong()),
                    bytes.getInt());
            if (Times.parse(position.createdAt.toString()).isEmpty()) {
                throw new IllegalArgumentException("no time that a run has");
            }
            if (position.filters != filters) {
                throw Problem.badRequest("This page-token belongs to a list with other filters; start without it");
            }
            return position;
        } catch (IllegalArgumentException | BufferUnderflowException | ArithmeticException e) {
            throw Problem.badRequest("This page-token is not one that Treering gave; start without it");
        }
    }
}
