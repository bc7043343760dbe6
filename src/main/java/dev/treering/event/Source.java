package dev.treering.event;

import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** Who said it. The order is part of the merge: at the very same time the later one here wins. */
public enum Source {
    API,
    BACKFILL,
    RECONCILE,
    WEBHOOK;

    @JsonCreator
    public static Source of(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }

    @JsonValue
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
