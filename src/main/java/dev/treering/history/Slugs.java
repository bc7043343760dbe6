package dev.treering.history;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

import dev.treering.support.Rows;

/** Table {@code project_slug}: all names that projects were told by, those too that an older or a newer fact outweighs. */
final class Slugs {

    private static final int MOST_KNOWN = 10_000;

    private final Set<Slug> known = ConcurrentHashMap.newKeySet();

    private record Slug(String slug, UUID projectId) {}

    /** Adds those that these facts tell; a batch seldom tells a new one, and then nothing is sent. */
    void add(Connection connection, Stream<Row> rows) throws SQLException {
        List<Slug> told = rows.filter(row -> row.said().containsKey(Group.PROJECT_IDENTITY))
                .map(row ->
                        new Slug((String) row.said().get(Group.PROJECT_IDENTITY).values()[0], row.id()))
                .filter(slug -> slug.slug != null && !known.contains(slug))
                .distinct()
                .toList();
        Rows.update(
                connection,
                "insert into project_slug (slug, project_id) select * from unnest(?::text[], ?::uuid[]) order by 1, 2"
                        + " on conflict do nothing",
                told.stream()
                        .map(slug -> new Object[] {slug.slug, slug.projectId})
                        .toList());
        if (known.size() > MOST_KNOWN) {
            known.clear();
        }
        known.addAll(told);
    }

    /** Some may have been written by a transaction that was rolled back: write them again. */
    void forget() {
        known.clear();
    }
}
