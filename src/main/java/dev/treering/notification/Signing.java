package dev.treering.notification;

import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import dev.treering.support.Digests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

/** Standard Webhooks 1.0, symmetric: how a receiver knows that a message is ours and fresh. */
final class Signing {

    private static final String PREFIX = "whsec_";
    private static final int FEWEST_BYTES = 24;
    private static final int MOST_BYTES = 64;

    private Signing() {}

    static String newSecret() {
        byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        return PREFIX + Base64.getEncoder().encodeToString(bytes);
    }

    /** By which a secret is named without being shown. */
    static String id(String secret) {
        return HexFormat.of().formatHex(Digests.sha256().digest(("treering secret id" + secret).getBytes(UTF_8)), 0, 4);
    }

    /** The value of {@code webhook-signature}: one signature for each secret, so that either may be trusted. */
    static String sign(List<String> secrets, String id, long timestamp, String body) {
        byte[] content = "%s.%d.%s".formatted(id, timestamp, body).getBytes(UTF_8);
        return secrets.stream()
                .map(secret -> "v1,"
                        + Base64.getEncoder().encodeToString(mac(key(secret)).doFinal(content)))
                .collect(joining(" "));
    }

    /** @throws IllegalArgumentException when it is no secret; its message says what is one */
    static byte[] key(String secret) {
        try {
            byte[] key = Base64.getDecoder().decode(secret.substring(PREFIX.length()));
            if (secret.startsWith(PREFIX) && key.length >= FEWEST_BYTES && key.length <= MOST_BYTES) {
                return key;
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            // Told below, without what it holds.
        }
        throw new IllegalArgumentException("a secret is %s and %d to %d bytes in base64; leave it out to be given one"
                .formatted(PREFIX, FEWEST_BYTES, MOST_BYTES));
    }

    private static Mac mac(byte[] key) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac;
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("This Java has no HmacSHA256, which every Java must have", e);
        }
    }
}
