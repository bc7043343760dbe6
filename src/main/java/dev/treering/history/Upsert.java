package dev.treering.history;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.UUID;

import dev.treering.support.Rows;

/** Merges rows into a table with one statement, and says whose progress that changed. */
final class Upsert {

    private static final Map<Table, String> SQL = new EnumMap<>(Table.class);

    static {
        for (Table table : Table.values()) {
            SQL.put(table, sql(table, null));
        }
    }

    private Upsert() {}

    /** The ids of the rows whose status or stop time is another than before. */
    static List<UUID> merge(Connection connection, Table table, Collection<Row> rows) throws SQLException {
        if (rows.isEmpty()) {
            return List.of();
        }
        List<UUID> changed = new ArrayList<>();
        List<Object[]> values = rows.stream().map(Upsert::values).toList();
        try (PreparedStatement statement = Rows.prepare(connection, SQL.get(table), values);
                ResultSet result = statement.executeQuery()) {
            while (result.next()) {
                changed.add(result.getObject(1, UUID.class));
            }
        }
        return changed;
    }

    /** Merges rows of another table of the same shape: {@code from} is its name and, if need be, which rows. */
    static void merge(Connection connection, Table table, String from) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql(table, from))) {
            statement.execute();
        }
    }

    private static Object[] values(Row row) {
        List<Object> values = new ArrayList<>();
        values.add(row.id());
        for (Group group : row.table().groups()) {
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
     * other. {@code before} sees the rows as they were when the statement began.
     *
     * @param from where the rows are; null where they come as parameters
     */
    private static String sql(Table table, String from) {
        StringJoiner names = new StringJoiner(", ").add("id");
        StringJoiner types = new StringJoiner(", ").add("?::uuid[]");
        StringJoiner sets = new StringJoiner(", ");
        for (Group group : table.groups()) {
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
        String said = from == null
                ? "select * from unnest(%s) as s(%s)".formatted(types, names)
                : "select %s from %s".formatted(names, from);
        return """
                with said as (%2$s),
                before as (select t.* from %1$s t join said using (id)),
                after as (
                    insert into %1$s as t (%3$s) select * from said order by id
                    on conflict (id) do update set %4$s
                    returning *)
                select a.id from after a left join before b using (id)
                where (a.%5$s, a.%6$s) is distinct from (b.%5$s, b.%6$s) and a.%5$s is not null
                order by a.id""".formatted(table.sqlName(), said, names, sets, table.status, table.stoppedAt)
                .replace("a.null", "null")
                .replace("b.null", "null");
    }
}
