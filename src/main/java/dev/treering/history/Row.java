package dev.treering.history;

import java.util.EnumMap;
import java.util.Map;
import java.util.UUID;

/**
 * What facts say of one row: for each group they speak of, its values and the stamp they stand by. A row without any
 * group is a placeholder: somebody named its id.
 */
record Row(Table table, UUID id, Map<Group, Said> said) {

    /** @param values in the order of the group's columns */
    record Said(String stamp, Object[] values) {}

    Row(Table table, UUID id) {
        this(table, id, new EnumMap<>(Group.class));
    }

    /** Says a group, unless every value of it is absent: an absent group never erases one. */
    Row say(Group group, String stamp, Object... values) {
        if (group.table != table || values.length != group.columns.size()) {
            throw new IllegalArgumentException(
                    "%s has %d columns and belongs to %s".formatted(group, group.columns.size(), group.table));
        }
        for (Object value : values) {
            if (value != null) {
                keepGreater(group, new Said(stamp, values));
                break;
            }
        }
        return this;
    }

    /** Whether it says what others are told of. */
    boolean tellsProgress() {
        return said.keySet().stream()
                .flatMap(group -> group.columns.stream())
                .anyMatch(column -> column.name().equals(table.status));
    }

    /** Takes over what the other says by a greater stamp. */
    void merge(Row other) {
        other.said.forEach(this::keepGreater);
    }

    private void keepGreater(Group group, Said candidate) {
        said.merge(group, candidate, (a, b) -> a.stamp.compareTo(b.stamp) >= 0 ? a : b);
    }
}
