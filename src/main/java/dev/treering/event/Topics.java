package dev.treering.event;

import java.util.List;

/** The topics, a public contract. The key of every record is the project's id (without a project: the webhook's). */
public final class Topics {

    /** CircleCI's deliveries, each value exactly the bytes that were received and verified. */
    public static final String WEBHOOKS = "circleci.webhooks";

    /** What API v2 answered, as {@link Snapshot}. */
    public static final String SNAPSHOTS = "circleci.snapshots";

    /** What changed in the history, as {@link Change}. */
    public static final String EVENTS = "circleci.events";

    /** What people had Treering do, as {@link Act}. */
    public static final String ACTS = "treering.acts";

    /** How the chains of the trail stood, signed: the proof that stands outside the database. */
    public static final String CHECKPOINTS = "treering.checkpoints";

    // Only ever added to at the end: page tokens of the trail know a topic by its place.
    public static final List<String> ALL = List.of(WEBHOOKS, SNAPSHOTS, EVENTS, ACTS, CHECKPOINTS);

    private Topics() {}
}
