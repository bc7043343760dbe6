package dev.treering.history;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The tables of the current truth, in the order in which a transaction locks them. */
enum Table {
    PROJECT("null::text", "null::timestamptz"),
    PIPELINE("state", "null::timestamptz"),
    WORKFLOW("status", "stopped_at"),
    JOB("status", "stopped_at");

    /** What others are told of when it changes, as SQL over a row of the table. */
    final String status;

    final String stoppedAt;

    Table(String status, String stoppedAt) {
        this.status = status;
        this.stoppedAt = stoppedAt;
    }

    String sqlName() {
        return name().toLowerCase(Locale.ROOT);
    }

    List<Group> groups() {
        return Arrays.stream(Group.values())
                .filter(group -> group.table == this)
                .toList();
    }
}
