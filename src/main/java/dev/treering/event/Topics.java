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

    public static final List<String> ALL = List.of(WEBHOOKS, SNAPSHOTS, EVENTS, ACTS);

    private Topics() {}
}
