package dev.treering.simulation;

import java.time.Instant;

/** What a run was started for. */
public record Commit(String branch, String revision, String subject, Instant at) {}
