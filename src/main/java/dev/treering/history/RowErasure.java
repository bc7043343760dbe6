package dev.treering.history;

import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.treering.support.Rows;

/**
 * Takes persons out of rows, whoever told them: the month of the trail that did may be dropped. The stamps stay, so that
 * nothing older comes back.
 */
final class RowErasure {

    /** Those that speak of persons; the others have ids, and names that stay. */
    static final List<Table> TABLES = List.of(Table.PIPELINE, Table.JOB);

    private static final int PORTION = 500;

    private final Redaction redaction;
    private final UUID project;
    private final boolean dryRun;
    private long found;

    /** @param project null for all */
    RowErasure(Redaction redaction, UUID project, boolean dryRun) {
        this.redaction = redaction;
        this.project = project;
        this.dryRun = dryRun;
    }

    /** How many rows named a person so far. */
    long found() {
        return found;
    }

    /** Some of the rows behind the given one, as the caller's transaction; the last of them, null after all. */
    UUID some(Connection connection, Table table, UUID after) throws SQLException {
        UUID last = null;
        List<UUID> named = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(
                "select id, to_jsonb(t) from %s t where id > ? and coalesce(project_id = ?::uuid, ?) order by id limit %d"
                        .formatted(table.sqlName(), PORTION))) {
            // Failures of tests may be long.
            statement.setFetchSize(50);
            statement.setObject(1, after);
            statement.setString(2, project == null ? null : project.toString());
            // Of a row that nobody has told of yet the project is not known, and it names nobody.
            statement.setBoolean(3, project == null);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    last = row.getObject(1, UUID.class);
                    if (without(table, row.getString(2)) != null) {
                        named.add(last);
                    }
                }
            }
        }
        found += named.size();
        if (!dryRun && !named.isEmpty()) {
            erase(connection, table, named);
        }
        return last;
    }

    private void erase(Connection connection, Table table, List<UUID> named) throws SQLException {
        List<Object[]> rows = new ArrayList<>();
        // As they are now, locked in the order in which the writer does.
        try (PreparedStatement statement =
                connection.prepareStatement("select id, to_jsonb(t) from %s t where id = any(?) order by id for update"
                        .formatted(table.sqlName()))) {
            statement.setArray(1, connection.createArrayOf("uuid", named.toArray()));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    ObjectNode without = without(table, row.getString(2));
                    if (without != null) {
                        rows.add(new Object[] {row.getString(1), without});
                    }
                }
            }
        }
        String columns = table.groups().stream()
                .flatMap(RowErasure::words)
                .map(Group.Column::name)
                .collect(Collectors.joining(", "));
        Rows.update(connection, """
                update %1$s t set (%2$s) = (select %2$s from jsonb_populate_record(null::%1$s, u.r))
                from unnest(?::uuid[], ?::jsonb[]) as u(i, r) where t.id = u.i""".formatted(table.sqlName(), columns), rows);
    }

    private static Stream<Group.Column> words(Group group) {
        return group.columns.stream().filter(column -> column.type().matches("text|jsonb"));
    }

    /** Its words without persons; null where it names none. What one fact told is looked at together, as in its body. */
    private ObjectNode without(Table table, String row) {
        if (!redaction.mayName(row)) {
            return null;
        }
        try {
            JsonNode json = Redaction.JSON.readTree(row);
            Map<String, ObjectNode> facts = new HashMap<>();
            for (Group group : table.groups()) {
                ObjectNode fact = facts.computeIfAbsent(
                        json.path(group.stampColumn).asText(), stamp -> JsonNodeFactory.instance.objectNode());
                words(group).forEach(column -> fact.set(column.name(), json.path(column.name())));
            }
            boolean changed = false;
            ObjectNode all = JsonNodeFactory.instance.objectNode();
            for (ObjectNode fact : facts.values()) {
                changed |= redaction.redact(fact);
                all.setAll(fact);
            }
            return changed ? all : null;
        } catch (IOException e) {
            throw new IllegalStateException("PostgreSQL writes JSON", e);
        }
    }
}
