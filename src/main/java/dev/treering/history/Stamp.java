package dev.treering.history;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;

import dev.treering.event.Source;
import dev.treering.support.Times;

/**
 * The total order of the merge, as text that sorts by its bytes. Of two facts about one group the one with the greater
 * stamp stands, whichever came first; so order, duplication and batches do not matter.
 */
final class Stamp {

    private static final int DIGEST_BYTES = 8;
    private static final long LATEST = 9_999_999_999_999_999L;

    private Stamp() {}

    /** By observation, then source, then the fact's digest. */
    static String of(Instant observedAt, Source source, byte[] digest) {
        return micros(observedAt) + letter(source) + HexFormat.of().formatHex(digest, 0, DIGEST_BYTES);
    }

    /**
     * Of progress: an end stands above everything that is not one, and of several ends (a cancelled workflow tells
     * several, the first with no duration at all) the latest.
     */
    static String ofProgress(boolean terminal, Instant stoppedAt, String observed) {
        return (terminal ? "1" : "0") + micros(stoppedAt == null ? Instant.EPOCH : stoppedAt) + observed;
    }

    // Sixteen digits reach from 1970 to 2286; what lies beyond is clamped, and its digest still decides.
    private static String micros(Instant time) {
        // Seventeen digits without the first: several times faster than a format with leading zeros.
        return Long.toString(LATEST + 1 + Math.max(0, Math.min(LATEST, Times.micros(time))))
                .substring(1);
    }

    private static char letter(Source source) {
        return source.toString().charAt(0);
    }

    /** What a stamp of either kind says of whence its group comes: it ends with time, source and digest. */
    static History.Provenance provenance(String stamp) {
        int letter = stamp.length() - 2 * DIGEST_BYTES - 1;
        long micros = Long.parseLong(stamp, letter - 16, letter, 10);
        for (Source source : Source.values()) {
            if (letter(source) == stamp.charAt(letter)) {
                return new History.Provenance(source, Instant.EPOCH.plus(micros, ChronoUnit.MICROS));
            }
        }
        throw new IllegalArgumentException("no stamp: " + stamp);
    }
}
