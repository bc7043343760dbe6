package dev.treering.insights;

import java.time.Instant;
import java.util.UUID;

/**
 * What a group of runs comes to. The keys that it was not grouped by are null; so are durations where no run has ended.
 * Durations are in seconds.
 *
 * @param failed ended neither well nor by somebody's will
 * @param completed ended in any way; only these have durations
 * @param mttr mean time from a failure's end to the end of the next success of the same workflow on the same branch
 * @param recoveries how often a success followed failures
 * @param first when the first began, {@code last} when the last did
 * @param ended when the last to end did
 */
record Metrics(
        UUID project,
        String name,
        String branch,
        Instant moment,
        long total,
        long successful,
        long failed,
        long canceled,
        long completed,
        Double min,
        Double mean,
        Double median,
        Double p95,
        Double max,
        Double deviation,
        double totalSeconds,
        Double mttr,
        long recoveries,
        Instant first,
        Instant last,
        Instant ended) {

    static final Metrics NONE = new Metrics(
            null, null, null, null, 0, 0, 0, 0, 0, null, null, null, null, null, null, 0, null, 0, null, null, null);

    /** Over all runs, those under way and canceled ones too: what CircleCI's API returns, whatever its glossary says. */
    double successRate() {
        return total == 0 ? 0 : (double) successful / total;
    }

    /** Over those that nobody canceled: what CircleCI's glossary says. */
    double successRateOfNotCanceled() {
        return total == canceled ? 0 : (double) successful / (total - canceled);
    }

    /** How this compares with what was before: 1 is no change, -1 stands for infinite. */
    static double trend(double now, double before) {
        return before == 0 ? (now == 0 ? 1 : -1) : now / before;
    }

    static double trend(Double now, Double before) {
        return trend(now == null ? 0 : now, before == null ? 0 : before);
    }
}
