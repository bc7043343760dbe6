package dev.treering.history;

/**
 * What a job's tests said and which files it stored, as far as that was asked for.
 *
 * @param testFailures JSON text, a list; null where nothing was kept
 * @param artifacts JSON text, a list; null where nothing was kept
 */
public record JobOutputView(
        Integer testsTotal, Integer testsFailed, Integer testsSkipped, String testFailures, String artifacts) {}
