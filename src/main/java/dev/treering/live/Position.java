package dev.treering.live;

import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

import static java.util.stream.Collectors.joining;

/**
 * A place in {@code circleci.events}: of each partition the offset of the next event. It is the {@code id} of an event, and
 * as good at another instance, which mixes the partitions in another order.
 *
 * @param log which log the offsets are of: a topic that was made anew begins at 0 again
 */
record Position(String log, long[] next) {

    private static final int LONGEST = 4_000;
    private static final Pattern TEXT = Pattern.compile("[\\w-]{1,40}(\\.[0-9a-z]{1,12})+");

    /** The position that the text tells; empty where it tells none. */
    static Optional<Position> parse(String text) {
        if (text.length() > LONGEST || !TEXT.matcher(text).matches()) {
            return Optional.empty();
        }
        String[] parts = text.split("\\.");
        return Optional.of(new Position(
                parts[0],
                Arrays.stream(parts, 1, parts.length)
                        .mapToLong(part -> Long.parseLong(part, Character.MAX_RADIX))
                        .toArray()));
    }

    String text() {
        return Arrays.stream(next)
                .mapToObj(offset -> Long.toString(offset, Character.MAX_RADIX))
                .collect(joining(".", log + ".", ""));
    }

    /** Of a partition that was added since, the first. */
    long of(int partition) {
        return partition < next.length ? next[partition] : 0;
    }

    /** Whether who stands here has everything that who stands there has. */
    boolean covers(Position other) {
        return IntStream.range(0, Math.max(next.length, other.next.length)).allMatch(p -> of(p) >= other.of(p));
    }

    Position furthest(Position other) {
        return new Position(
                log,
                IntStream.range(0, Math.max(next.length, other.next.length))
                        .mapToLong(p -> Math.max(of(p), other.of(p)))
                        .toArray());
    }
}
