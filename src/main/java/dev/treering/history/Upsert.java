package dev.treering.history;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

import dev.treering.support.Rows;

/** Merges rows into a table with one statement, and says whose progress that changed. */
final class Upsert {

    // A statement for each set of groups that batches speak of: mostly the few that webhooks tell, or those of an
    // answer.
    private static final Map<Told, String> SQL = new ConcurrentHashMap<>();

    private record Told(Table table, Set<Group> groups) {

        /** Whether what others are told of may change; null is SQL's word where a table has no such thing. */
        boolean progress() {
            return groups.stream()
                    .flatMap(group -> group.columns.stream())
                    .anyMatch(column -> column.name().equals(table.status));
        }
    }

    private Upsert() {}

    /** The ids of the rows whose status or stop time is another than before. */
    static List<UUID> merge(Connection connection, Table table, Collection<Row> rows) throws SQLException {
        if (rows.isEmpty()) {
            return List.of();
        }
        // What nobody says need not travel: a webhook tells a quarter of a job's columns.
        Set<Group> groups = EnumSet.noneOf(Group.class);
        rows.forEach(row -> groups.addAll(row.said().keySet()));
        Told told = new Told(table, groups);
        String sql = SQL.computeIfAbsent(told, key -> sql(key, null));
        List<Object[]> values = rows.stream().map(row -> values(row, groups)).toList();
        if (!told.progress()) {
            Rows.update(connection, sql, values);
            return List.of();
        }
        List<UUID> changed = new ArrayList<>();
        try (PreparedStatement statement = Rows.prepare(connection, sql, values);
                ResultSet result = statement.executeQuery()) {
            while (result.next()) {
                changed.add(result.getObject(1, UUID.class));
            }
        }
        return changed;
    }

    /** Merges rows of another table of the same shape: {@code from} is its name and, if need be, which rows. */
    static void merge(Connection connection, Table table, String from) throws SQLException {
        Told all = new Told(table, EnumSet.copyOf(table.groups()));
        try (PreparedStatement statement = connection.prepareStatement(sql(all, from))) {
            statement.execute();
        }
    }

    private static Object[] values(Row row, Set<Group> told) {
        List<Object> values = new ArrayList<>();
        values.add(row.id());
        for (Group group : told) {
            Row.Said said = row.said().get(group);
            values.add(said == null ? null : said.stamp());
            for (int i = 0; i < group.columns.size(); i++) {
                values.add(said == null ? null : said.values()[i]);
            }
        }
        return values.toArray();
    }

    /**
     * Each group is replaced whole where the stamp that comes is the greater one; {@code greatest} passes over nulls, so
     * an absent group keeps what is there. Rows are locked in the order of their ids: two writers cannot wait for each
     * other. {@code b} sees a row as it was when the statement began; of one that was added (nobody locked it: {@code xmax}
     * is 0) there is nothing to see, and {@code offset 0} keeps the planner from looking for it all the same.
     *
     * @param from where the rows are; null where they come as parameters
     */
    private static String sql(Told told, String from) {
        StringJoiner names = new StringJoiner(", ").add("id");
        StringJoiner types = new StringJoiner(", ").add("?::uuid[]");
        StringJoiner sets = new StringJoiner(", ", "do update set ", "").setEmptyValue("do nothing");
        for (Group group : told.groups) {
            String stamp = group.stampColumn;
            names.add(stamp);
            types.add("?::text[]");
            sets.add("%1$s = greatest(t.%1$s, excluded.%1$s)".formatted(stamp));
            for (Group.Column column : group.columns) {
                names.add(column.name());
                types.add("?::%s[]".formatted(column.type()));
                sets.add("%1$s = case when excluded.%2$s > coalesce(t.%2$s, '') then excluded.%1$s else t.%1$s end"
                        .formatted(column.name(), stamp));
            }
        }
        Table table = told.table;
        String said = from == null
                ? "select * from unnest(%s) as s(%s)".formatted(types, names)
                : "select %s from %s".formatted(names, from);
        String merge =
                "insert into %s as t (%s) %%s order by id on conflict (id) %s".formatted(table.sqlName(), names, sets);
        if (!told.progress()) {
            return merge.formatted(said);
        }
        return """
                with after as (%2$s returning id, %3$s as status, %4$s as stopped_at, xmax = 0 as added)
                select a.id from after a left join lateral (
                    select %3$s as status, %4$s as stopped_at from %1$s where id = a.id and not a.added offset 0) b on true
                where (a.status, a.stopped_at) is distinct from (b.status, b.stopped_at) and a.status is not null
                order by a.id""".formatted(table.sqlName(), merge.formatted(said), table.status, table.stoppedAt);
    }
}
