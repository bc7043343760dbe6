package dev.treering.audit;

import java.time.Instant;
import java.util.Map;
import java.util.UUID;

/**
 * Long work and how it stands.
 *
 * @param id null of one that is only planned
 * @param kind {@code redrive}, {@code rebuild} or {@code republication}
 * @param state {@code planned}, {@code running}, {@code done}, {@code cancelled} or {@code failed}
 * @param done facts so far, of {@code total} in all
 * @param problem why it failed, or what it waits for
 */
public record Task(
        UUID id,
        String kind,
        Map<String, String> parameters,
        Work.Plan plan,
        String state,
        long done,
        long total,
        String problem,
        String startedBy,
        Instant startedAt,
        Instant finishedAt) {}
