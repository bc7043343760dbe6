package dev.treering.support;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Message digests that every Java has, without the checked exception that therefore cannot happen. */
public final class Digests {

    private Digests() {}

    public static MessageDigest sha256() {
        return digest("SHA-256");
    }

    static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("This Java has no " + algorithm + ", which every Java must have", e);
        }
    }
}
