package dev.treering.webhook;

import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import static java.nio.charset.StandardCharsets.UTF_8;

/** A signing secret that verifies and never shows itself; its id is a fingerprint by which the trail names it. */
final class Secret {

    private static final String ALGORITHM = "HmacSHA256";

    private final SecretKeySpec key;
    // A Mac is neither cheap to make nor safe to share; each thread keeps one that is ready.
    private final ThreadLocal<Mac> mac = ThreadLocal.withInitial(this::newMac);
    private final String id;

    Secret(String secret) {
        key = new SecretKeySpec(secret.getBytes(UTF_8), ALGORITHM);
        id = HexFormat.of().formatHex(newMac().doFinal("treering secret id".getBytes(UTF_8)), 0, 4);
    }

    private Mac newMac() {
        try {
            Mac fresh = Mac.getInstance(ALGORITHM);
            fresh.init(key);
            return fresh;
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("This Java has no HmacSHA256, which every Java must have", e);
        }
    }

    String id() {
        return id;
    }

    /** In constant time: how long it takes says nothing of how much of the signature is right. */
    boolean signed(byte[] body, byte[] signature) {
        return MessageDigest.isEqual(mac.get().doFinal(body), signature);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Secret secret && key.equals(secret.key);
    }

    @Override
    public int hashCode() {
        return key.hashCode();
    }
}
