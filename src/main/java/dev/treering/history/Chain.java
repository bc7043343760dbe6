package dev.treering.history;

import java.nio.ByteBuffer;
import java.security.MessageDigest;

import dev.treering.support.Digests;

import static java.nio.charset.StandardCharsets.UTF_8;

/** How the entries of one topic partition hang together. */
public final class Chain {

    private static final int ORIGIN = 11;

    private Chain() {}

    /**
     * SHA-256 over the link before, and each immutable field with its length before it, so that none can run into the next.
     *
     * @param fields topic, partition, offset, append time in ms, key, event id, type, source, receipt, receive time, secret id,
     *     origin; the last counts only where there is one, for older entries were linked before it was kept
     */
    public static byte[] link(byte[] before, byte[] saltedDigest, Object... fields) {
        MessageDigest sha256 = Digests.sha256();
        sha256.update(before);
        for (int i = 0; i < fields.length; i++) {
            Object field = fields[i];
            if (i == ORIGIN && field == null) {
                continue;
            }
            byte[] bytes = field == null ? new byte[0] : field.toString().getBytes(UTF_8);
            sha256.update(ByteBuffer.allocate(4)
                    .putInt(field == null ? -1 : bytes.length)
                    .flip());
            sha256.update(bytes);
        }
        return sha256.digest(saltedDigest);
    }
}
