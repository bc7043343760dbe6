package dev.treering.history;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.logging.Level;
import java.util.logging.Logger;

import dev.treering.embedded.EmbeddedDatabase;
import dev.treering.embedded.EmbeddedDatabase.Durability;
import dev.treering.event.Topics;
import dev.treering.history.Stories.Told;
import dev.treering.outbox.Outboxes;
import dev.treering.support.Digests;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Order, duplication and the split into batches do not matter: made-up facts of thousands of runs go through the real SQL
 * into a real PostgreSQL, twice in different ways, and the rows must be those of a plain model that knows only the set of
 * the facts. {@code -Dtreering.seed=…} tells the same stories again, {@code -Dmerge.sets=…} tells more of them.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MergePropertyTest {

    private static final int PARTITIONS = 3;
    // Held, for the log manager forgets the level of a logger that nobody holds.
    private static final Logger POSTGRES = Logger.getLogger("io.zonky");

    private final long seed = Long.getLong("treering.seed", System.nanoTime());
    private final int sets = Integer.getInteger("merge.sets", 10_000);
    private final List<Told> told = new ArrayList<>();
    private Way first;
    private Way second;
    private EmbeddedDatabase database;

    /** One way in which the facts arrive: what Kafka would hold, and how it was read. */
    private record Way(String schema, List<List<Fact>> batches) {

        List<Fact> facts() {
            return batches.stream().flatMap(List::stream).toList();
        }
    }

    @BeforeAll
    void record_everything_both_ways(@TempDir Path folder) throws Exception {
        System.out.printf("MergePropertyTest: %d sets, -Dtreering.seed=%d%n", sets, seed);
        POSTGRES.setLevel(Level.WARNING);
        long begin = System.nanoTime();
        Random random = new Random(seed);
        first = inChunks(new Stories(random), random);
        second = anyOrder(random);
        database = EmbeddedDatabase.start(folder, 0, Durability.PROCESS_EXIT);
        for (Way way : List.of(first, second)) {
            migrate(way.schema);
        }
        CompletableFuture<Void> elsewhere = CompletableFuture.runAsync(() -> record(second));
        record(first);
        elsewhere.join();
        System.out.printf(
                "MergePropertyTest: %d different facts recorded as %d and %d records in %.1f s%n",
                told.size(), first.facts().size(), second.facts().size(), (System.nanoTime() - begin) / 1e9);
    }

    @AfterAll
    void close() {
        if (database != null) {
            database.close();
        }
    }

    @Test
    @Tag("F19")
    void rows_are_those_of_a_model_that_knows_only_the_set_of_facts() throws SQLException {
        // Given
        ReferenceHistory model = ReferenceHistory.of(told);

        for (String table : HistoryCheck.TABLES) {
            // When
            Map<String, Map<String, Object>> rows;
            try (Connection connection = connect(first.schema)) {
                rows = HistoryCheck.rows(connection, table);
            }

            // Then: the first few that differ say more than ten thousand rows
            assertThat(HistoryCheck.differing(model.rows(table), rows))
                    .as("%s, seed %d", table, seed)
                    .isEmpty();
            assertThat(rows).as("%s, seed %d", table, seed).isNotEmpty();
        }
    }

    @Test
    @Tag("F19")
    void slugs_are_all_that_any_fact_told_of_a_project() throws SQLException {
        // Given
        Set<String> expected = ReferenceHistory.of(told).slugs();

        for (Way way : List.of(first, second)) {
            // When
            List<String> slugs = texts(way, "select slug || ' ' || project_id from project_slug");

            // Then
            assertThat(slugs).as("seed %d", seed).containsExactlyInAnyOrderElementsOf(expected);
        }
        assertThat(expected).as("renamed ones").hasSizeGreaterThan((int) count(first, "project"));
    }

    @Test
    @Tag("F19")
    void rows_are_the_same_text_after_another_order() throws SQLException {
        for (String table : HistoryCheck.TABLES) {
            // When
            List<String> one = texts(first, "select t::text from %s t order by id".formatted(table));
            List<String> other = texts(second, "select t::text from %s t order by id".formatted(table));

            // Then
            assertThat(one).as("%s, seed %d", table, seed).isNotEmpty();
            for (int i = 0; i < one.size(); i++) {
                assertThat(other.get(i)).as("%s, seed %d", table, seed).isEqualTo(one.get(i));
            }
            assertThat(other).hasSameSizeAs(one);
        }
    }

    @Test
    @Tag("F09")
    @Tag("F20")
    void every_fact_is_in_the_trail_and_applied_once() throws SQLException {
        for (Way way : List.of(first, second)) {
            // Given
            Set<String> unreadable = new HashSet<>();
            told.stream().filter(fact -> !fact.readable()).forEach(fact -> unreadable.add(digest(fact.body())));
            Map<String, Long> expected = new TreeMap<>(Map.of("applied", 0L, "dead", 0L, "duplicate", 0L));
            Set<String> seen = new HashSet<>();
            for (Fact fact : way.facts()) {
                String digest = digest(fact.body());
                String outcome = unreadable.contains(digest)
                        ? "dead"
                        : seen.add(fact.eventId() + digest) ? "applied" : "duplicate";
                expected.merge(outcome, 1L, Long::sum);
            }

            // When
            Map<String, Long> outcomes = new TreeMap<>();
            texts(way, "select outcome || ' ' || count(*) from trail group by outcome")
                    .forEach(line -> outcomes.put(line.split(" ")[0], Long.valueOf(line.split(" ")[1])));

            // Then
            assertThat(outcomes).as("seed %d", seed).isEqualTo(expected);
            assertThat(outcomes.values()).allMatch(count -> count > 0 || way == second);
            assertThat(count(way, "trail")).isEqualTo(way.facts().size());
            assertThat(count(way, "seen_event")).isEqualTo(seen.size());
            assertThat(count(way, "dead_letter")).isEqualTo(expected.get("dead"));
        }
    }

    @Test
    void chain_verifies_link_by_link_up_to_the_positions() throws SQLException {
        for (Way way : List.of(first, second)) {
            try (Connection connection = connect(way.schema)) {
                // When
                Map<String, String> walked = HistoryCheck.walkChain(connection);

                // Then
                assertThat(walked)
                        .as("seed %d", seed)
                        .hasSize(2 * PARTITIONS)
                        .isEqualTo(HistoryCheck.positions(connection));
            }
        }
    }

    @Test
    @Tag("F17")
    void redelivery_of_what_was_recorded_changes_nothing() throws SQLException {
        // Given
        List<String> before = fingerprints(first);
        List<List<Fact>> again = first.batches.subList(0, Math.min(40, first.batches.size()));

        // When
        record(new Way(first.schema, again));

        // Then
        assertThat(fingerprints(first)).as("seed %d", seed).isEqualTo(before);
    }

    @Test
    void last_event_told_of_a_workflow_says_how_it_stands() throws SQLException {
        for (Way way : List.of(first, second)) {
            // When
            List<String> wrong = texts(way, """
                    select w.id || ': ' || w.status || ' but told ' || coalesce(e.value, 'nothing')
                    from workflow w left join (
                        select distinct on (headers->>'ce_subject') headers->>'ce_subject' as id,
                            convert_from(value, 'UTF8') as value
                        from outbox order by 1, outbox.id desc) e on e.id = w.id::text
                    where w.status is not null and (e.value is null
                        or e.value::jsonb->>'status' is distinct from w.status
                        or (e.value::jsonb->>'stopped_at')::timestamptz is distinct from w.stopped_at)
                    limit 3""");

            // Then
            assertThat(wrong).as("seed %d", seed).isEmpty();
        }
    }

    @Test
    void groups_are_the_columns_of_the_migration() throws SQLException {
        for (Table table : Table.values()) {
            // Given
            List<String> columns = new ArrayList<>(List.of("id uuid"));
            for (Group group : table.groups()) {
                columns.add(group.stampColumn + " text");
                group.columns.forEach(column -> columns.add(column.name() + " " + column.type()));
            }

            // When
            List<String> migrated = texts(first, """
                    select column_name || ' ' || case udt_name when 'int8' then 'bigint' when 'int4' then 'int'
                        else udt_name end
                    from information_schema.columns where table_schema = 'first' and table_name = '%s'
                    order by ordinal_position""".formatted(table.sqlName()));

            // Then
            assertThat(columns).isEqualTo(migrated);
        }
    }

    /** Neighbouring runs shuffled into each other; a fifth of the facts comes again, some of it much later. */
    private Way inChunks(Stories stories, Random random) {
        Kafka kafka = new Kafka(random);
        List<Told> late = new ArrayList<>();
        for (int set = 0; set < sets; ) {
            List<Told> chunk = new ArrayList<>(late);
            late.clear();
            for (int end = Math.min(sets, set + 300); set < end; set++) {
                for (Told fact : stories.next()) {
                    told.add(fact);
                    chunk.add(fact);
                    while (random.nextInt(5) == 0) {
                        (random.nextBoolean() ? chunk : late).add(fact);
                    }
                }
            }
            Collections.shuffle(chunk, random);
            chunk.forEach(kafka::append);
        }
        return new Way("first", kafka.batches());
    }

    /** Every fact once, in an order in which no run stays together. */
    private Way anyOrder(Random random) {
        Kafka kafka = new Kafka(random);
        List<Told> shuffled = new ArrayList<>(told);
        Collections.shuffle(shuffled, random);
        shuffled.forEach(kafka::append);
        return new Way("second", kafka.batches());
    }

    /** Gives facts their offsets, and reads them in batches of any size. */
    private static final class Kafka {

        private final Random random;
        private final Map<String, Long> next = new HashMap<>();
        private final List<Fact> records = new ArrayList<>();

        Kafka(Random random) {
            this.random = random;
        }

        void append(Told told) {
            int partition = random.nextInt(PARTITIONS);
            long offset = next.merge(told.topic() + partition, 1L, Long::sum) - 1;
            // Two seconds a record cross from one month into others.
            Instant appendedAt = Instant.parse("2026-03-31T23:00:00Z").plusSeconds(2 * offset);
            records.add(new Fact(
                    told.topic(),
                    partition,
                    offset,
                    appendedAt,
                    "key",
                    told.eventId(),
                    told.topic().equals(Topics.WEBHOOKS) ? "com.circleci.test" : null,
                    "/test",
                    "receipt",
                    appendedAt,
                    null,
                    null,
                    told.body(),
                    Digests.sha256().digest(told.body()),
                    null,
                    null));
        }

        List<List<Fact>> batches() {
            List<List<Fact>> batches = new ArrayList<>();
            for (int from = 0; from < records.size(); ) {
                int size = 1 + random.nextInt(random.nextInt(4) == 0 ? 5 : 900);
                int to = Math.min(records.size(), from + size);
                batches.add(records.subList(from, to));
                from = to;
            }
            return batches;
        }
    }

    private void record(Way way) {
        HistoryWriter writer = new HistoryWriter(null, Outboxes.addOnly(), new Trail(), null);
        try (Connection connection = connect(way.schema)) {
            connection.setAutoCommit(false);
            for (List<Fact> batch : way.batches) {
                writer.write(
                        connection, batch.stream().map(HistoryWriter::judge).toList());
                connection.commit();
            }
        } catch (SQLException e) {
            throw new AssertionError("seed " + seed, e);
        }
    }

    private void migrate(String schema) {
        Flyway.configure()
                .dataSource(database.jdbcUrl(), database.owner(), database.password())
                .placeholders(Map.of("app", database.username()))
                .schemas(schema)
                .load()
                .migrate();
    }

    private Connection connect(String schema) throws SQLException {
        return DriverManager.getConnection(
                database.jdbcUrl() + "?currentSchema=" + schema, database.username(), database.password());
    }

    private List<String> texts(Way way, String sql) throws SQLException {
        List<String> texts = new ArrayList<>();
        try (Connection connection = connect(way.schema);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            while (result.next()) {
                texts.add(result.getString(1));
            }
        }
        return texts;
    }

    private long count(Way way, String table) throws SQLException {
        return Long.parseLong(texts(way, "select count(*) from " + table).get(0));
    }

    private List<String> fingerprints(Way way) throws SQLException {
        List<String> fingerprints = new ArrayList<>();
        for (String table : List.of(
                "trail",
                "seen_event",
                "dead_letter",
                "stream_position",
                "outbox",
                "project_slug",
                "project",
                "pipeline",
                "workflow",
                "job")) {
            fingerprints.addAll(texts(
                    way,
                    "select '%1$s ' || count(*) || ' ' || md5(string_agg(md5(t::text), '' order by t::text)) from %1$s t"
                            .formatted(table)));
        }
        return fingerprints;
    }

    private static String digest(byte[] body) {
        return HexFormat.of().formatHex(Digests.sha256().digest(body));
    }
}
