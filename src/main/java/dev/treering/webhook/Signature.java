package dev.treering.webhook;

import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The value of {@code circleci-signature}: a comma-separated list of {@code version=signature}. Only {@code v1} counts;
 * versions we do not know are passed over, and none of them can stand in for it.
 */
final class Signature {

    // A header longer than this holds no signature; the bounds keep a hostile list cheap.
    private static final int LONGEST = 2048;
    private static final int MOST_VERSIONS = 16;
    private static final Pattern V1 = Pattern.compile("[0-9a-f]{64}");

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
                if (found != null || !V1.matcher(signature).matches()) {
                    return Optional.empty();
                }
                found = HexFormat.of().parseHex(signature);
            }
        }
        return Optional.ofNullable(found);
    }
}
