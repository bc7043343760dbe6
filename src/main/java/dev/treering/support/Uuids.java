package dev.treering.support;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.UUID;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Name-based ids (UUID version 5, RFC 9562): the same name gives the same id, on every machine and after every restart. */
public final class Uuids {

    /** The namespace of everything Treering names. */
    private static final UUID TREERING = UUID.fromString("6f1d8f3a-6d0e-5b1c-9a53-7c2f0b8e4d11");

    private Uuids() {}

    public static UUID named(String name) {
        MessageDigest sha1 = Digests.digest("SHA-1");
        sha1.update(ByteBuffer.allocate(16)
                .putLong(TREERING.getMostSignificantBits())
                .putLong(TREERING.getLeastSignificantBits())
                .flip());
        ByteBuffer hash = ByteBuffer.wrap(sha1.digest(name.getBytes(UTF_8)));
        long most = hash.getLong() & ~0xF000L | 0x5000L;
        long least = hash.getLong() & ~(0xC0L << 56) | 0x80L << 56;
        return new UUID(most, least);
    }
}
