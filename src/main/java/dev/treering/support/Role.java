package dev.treering.support;

import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonValue;

/** What one instance does. One artefact plays all roles, or each is a Deployment of its own. */
public enum Role {
    /** Takes webhooks; needs Kafka or PostgreSQL, either is enough. */
    RECEIVER,
    /** Migrates the schema, records the history, enriches it. */
    WORKER,
    /** Answers reads. */
    API;

    /** As the setting spells it. */
    @JsonValue
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
