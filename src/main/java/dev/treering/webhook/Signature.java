package dev.treering.webhook;

import java.util.HexFormat;
import java.util.Optional;

/**
 * The value of {@code circleci-signature}: a comma-separated list of {@code version=signature}. Only {@code v1} counts;
 * versions we do not know are passed over, and none of them can stand in for it.
 */
final class Signature {

    // A header longer than this holds no signature; the bounds keep a hostile list cheap.
    private static final int LONGEST = 2048;
    private static final int MOST_VERSIONS = 16;
    private static final int V1_DIGITS = 64;

    private Signature() {}

    /** The 32 bytes of the one {@code v1}, or empty when the list is malformed or has none or two of it. */
    static Optional<byte[]> parse(String header) {
        if (header == null || header.length() > LONGEST) {
            return Optional.empty();
        }
        byte[] found = null;
        String[] versions = header.split(",", MOST_VERSIONS + 1);
        if (versions.length > MOST_VERSIONS) {
            return Optional.empty();
        }
        for (String version : versions) {
            // Split at the first '=': a later version may hold some in its signature.
            int equals = version.indexOf('=');
            if (equals < 1) {
                return Optional.empty();
            }
            String signature = version.substring(equals + 1).strip();
            if (version.substring(0, equals).strip().equals("v1")) {
                if (found != null || !isV1(signature)) {
                    return Optional.empty();
                }
                found = HexFormat.of().parseHex(signature);
            }
        }
        return Optional.ofNullable(found);
    }

    /** 64 lower-case hexadecimal digits. */
    private static boolean isV1(String signature) {
        if (signature.length() != V1_DIGITS) {
            return false;
        }
        for (int i = 0; i < V1_DIGITS; i++) {
            char digit = signature.charAt(i);
            if (!(digit >= '0' && digit <= '9' || digit >= 'a' && digit <= 'f')) {
                return false;
            }
        }
        return true;
    }
}
