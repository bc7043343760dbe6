package dev.treering.history;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

import dev.treering.event.Source;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class StampTest {

    private static final Instant NOON = Instant.parse("2026-03-02T12:00:00Z");
    private static final byte[] LOW = {0, 1, 2, 3, 4, 5, 6, 7};
    private static final byte[] HIGH = {(byte) 0x80, 1, 2, 3, 4, 5, 6, 7};

    @Test
    void observation_then_source_then_digest_decide() {
        assertAscending(
                Stamp.of(Instant.parse("-1000-01-01T00:00:00Z"), Source.API, LOW),
                Stamp.of(NOON.minusMillis(1), Source.WEBHOOK, HIGH),
                Stamp.of(NOON, Source.API, HIGH),
                Stamp.of(NOON, Source.BACKFILL, HIGH),
                Stamp.of(NOON, Source.RECONCILE, HIGH),
                Stamp.of(NOON, Source.WEBHOOK, LOW),
                Stamp.of(NOON, Source.WEBHOOK, HIGH),
                Stamp.of(NOON.plusNanos(1_000), Source.API, LOW),
                Stamp.of(Instant.parse("9999-01-01T00:00:00Z"), Source.API, LOW));
    }

    @Test
    void end_stands_above_what_is_open_and_the_latest_end_above_all() {
        String early = Stamp.of(NOON, Source.API, LOW);
        String late = Stamp.of(NOON.plusSeconds(9), Source.WEBHOOK, HIGH);

        assertAscending(
                Stamp.ofProgress(false, null, early),
                Stamp.ofProgress(false, null, late),
                Stamp.ofProgress(true, null, late),
                Stamp.ofProgress(true, NOON, early),
                Stamp.ofProgress(true, NOON, late),
                Stamp.ofProgress(true, NOON.plusMillis(1), early));
    }

    private static void assertAscending(String... stamps) {
        List<String> sorted = new ArrayList<>(List.of(stamps));
        Collections.shuffle(sorted, new Random(1));
        Collections.sort(sorted);
        assertThat(sorted).containsExactly(stamps);
    }
}
