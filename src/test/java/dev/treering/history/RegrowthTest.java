package dev.treering.history;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

import dev.treering.FlowTest;
import dev.treering.event.Topics;
import dev.treering.history.Regrowth.Growing;
import dev.treering.history.Regrowth.Untold;
import dev.treering.history.Stories.Told;
import dev.treering.outbox.Outboxes;
import dev.treering.support.Digests;
import dev.treering.support.Rows;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import org.eclipse.microprofile.config.ConfigProvider;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** Made-up facts in a schema of their own, which CircleCI never heard of: only the trail can tell them again. */
@FlowTest
class RegrowthTest {

    private static final int SETS = 400;
    private static final int PARTITIONS = 3;
    private static final String SCHEMA = "regrown_here";
    private static final String ROLE = "pg_monitor";

    private final long seed = Long.getLong("treering.seed", System.nanoTime());
    private final List<Fact> facts = facts();
    private final HistoryWriter writer = new HistoryWriter(null, Outboxes.addOnly(), new Trail(), null);
    private AgroalDataSource database;
    private Regrowth regrowth;

    @BeforeEach
    void migrate() throws SQLException {
        Flyway.configure()
                .dataSource(setting("jdbc.url"), setting("owner.username"), setting("owner.password"))
                .schemas(SCHEMA)
                .placeholders(Map.of("app", ""))
                .load()
                .migrate();
        database = AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                .connectionPoolConfiguration(pool -> pool.maxSize(6)
                        .connectionFactoryConfiguration(connection -> connection
                                .jdbcUrl(setting("jdbc.url"))
                                .credential(new NamePrincipal(setting("owner.username")))
                                .credential(new SimplePassword(setting("owner.password")))
                                .jdbcProperty("currentSchema", SCHEMA))));
        regrowth = new Regrowth(database, new Redrive(Outboxes.addOnly()));
        change("grant select on project, workflow, project_slug to " + ROLE);
        change("grant insert, update on workflow to %s with grant option".formatted(ROLE));
        change("grant select on job to public");
        change("alter table job set (fillfactor = 90)");
    }

    @AfterEach
    void tear_down() throws SQLException {
        change("drop schema %s cascade".formatted(SCHEMA));
        database.close();
    }

    private static String setting(String name) {
        return ConfigProvider.getConfig().getValue("quarkus.datasource." + name, String.class);
    }

    private void change(String sql) throws SQLException {
        Rows.inTransaction(database, connection -> {
            try (var statement = connection.createStatement()) {
                statement.execute(sql);
            }
        });
    }

    private List<Fact> facts() {
        Random random = new Random(seed);
        Stories stories = new Stories(random);
        List<Told> told = new ArrayList<>();
        for (int set = 0; set < SETS; set++) {
            for (Told fact : stories.next()) {
                told.add(fact);
                if (random.nextInt(5) == 0) {
                    told.add(fact);
                }
            }
        }
        Collections.shuffle(told, random);
        long[] offsets = new long[2 * PARTITIONS];
        List<Fact> facts = new ArrayList<>();
        for (Told fact : told) {
            int partition = random.nextInt(PARTITIONS);
            long offset = offsets[fact.topic().equals(Topics.SNAPSHOTS) ? PARTITIONS + partition : partition]++;
            Instant appendedAt = Instant.parse("2026-03-31T22:00:00Z").plusSeconds(3 * offset);
            facts.add(new Fact(
                    fact.topic(),
                    partition,
                    offset,
                    appendedAt,
                    "key",
                    fact.eventId(),
                    null,
                    "/test",
                    "receipt",
                    appendedAt,
                    null,
                    null,
                    fact.body(),
                    Digests.sha256().digest(fact.body()),
                    null,
                    null));
        }
        return facts;
    }

    private void record(List<Fact> some) throws SQLException {
        Rows.inTransaction(
                database,
                connection -> writer.write(
                        connection, some.stream().map(HistoryWriter::judge).toList()));
    }

    private void recordAll() throws SQLException {
        for (int from = 0; from < facts.size(); from += 500) {
            record(facts.subList(from, Math.min(facts.size(), from + 500)));
        }
        assertThat(texts("select count(*) from trail")).containsExactly(Integer.toString(facts.size()));
    }

    private void step(Growing growing) throws SQLException {
        Rows.inTransaction(database, growing::step);
    }

    private void regrow(Untold untold) throws SQLException {
        Growing growing = regrowth.begin(untold, "test", Instant.now());
        while (!growing.isDone()) {
            step(growing);
        }
    }

    private List<String> texts(String sql) throws SQLException {
        List<String> texts = new ArrayList<>();
        try (Connection connection = database.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            while (row.next()) {
                texts.add(row.getString(1));
            }
        }
        return texts;
    }

    /** A hash over all rows of each table, stamps and all. */
    private Map<String, String> hashes() throws SQLException {
        Map<String, String> hashes = new TreeMap<>();
        for (String table : List.of(
                "project",
                "pipeline",
                "workflow",
                "job",
                "project_slug",
                "trail",
                "seen_event",
                "stream_position",
                "outbox",
                "project_tally")) {
            hashes.put(
                    table,
                    texts("select count(*) || ' ' || md5(string_agg(md5(t::text), '' order by t::text)) from %s t"
                                    .formatted(table))
                            .get(0));
        }
        return hashes;
    }

    /** Columns, indexes, constraints, owners, grants and settings. */
    private List<String> definitions() throws SQLException {
        return texts("""
                with t as (select * from pg_class where relnamespace = '%1$s'::regnamespace and relkind in ('r', 'p'))
                select relname || ' ' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull || ' '
                    || attcollation || ' ' || row_number() over (partition by relname order by attnum)
                    from t join pg_attribute a on attrelid = t.oid where attnum > 0 and not attisdropped
                union all select indexdef from pg_indexes where schemaname = '%1$s' and tablename not like 'trail%%'
                union all select relname || ' ' || conname || ' ' || contype::text from t join pg_constraint c on conrelid = t.oid
                union all select relname || ' is of ' || relowner || coalesce(reloptions::text, '') from t
                union all select relname || ' ' || (aclexplode(relacl))::text from t
                order by 1""".formatted(SCHEMA));
    }

    @Test
    void history_regrown_from_the_trail_is_the_same_row_for_row() throws SQLException {
        // Given
        recordAll();
        Map<String, String> before = hashes();
        List<String> defined = definitions();
        String oldTable = texts("select 'job'::regclass::oid").get(0);

        // When
        regrow(Untold.REFUSE);

        // Then
        assertThat(hashes()).as("seed %d", seed).isEqualTo(before);
        assertThat(before.get("job")).doesNotStartWith("0");
        assertThat(before.get("outbox")).doesNotStartWith("0");
        assertThat(definitions()).isEqualTo(defined);
        assertThat(defined).anyMatch(line -> line.contains("job_pkey"));
        assertThat(texts("select 'job'::regclass::oid").get(0)).isNotEqualTo(oldTable);
        assertThat(texts("select nspname from pg_namespace where nspname like '%s_%%'".formatted(SCHEMA)))
                .isEmpty();
    }

    @Test
    void facts_that_come_meanwhile_are_in_it_and_no_read_fails() throws Exception {
        // Given
        record(facts.subList(0, facts.size() / 4));
        AtomicBoolean recorded = new AtomicBoolean();
        CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> {
            try {
                for (int from = facts.size() / 4; from < facts.size(); from += 20) {
                    record(facts.subList(from, Math.min(facts.size(), from + 20)));
                }
            } catch (SQLException e) {
                throw new AssertionError(e);
            } finally {
                recorded.set(true);
            }
        });
        List<CompletableFuture<Long>> reading = List.of(
                CompletableFuture.supplyAsync(() -> read(recorded)),
                CompletableFuture.supplyAsync(() -> read(recorded)));

        // When
        int swaps = 0;
        do {
            regrow(Untold.REFUSE);
            swaps++;
        } while (!recorded.get());

        // Then
        writing.join();
        for (CompletableFuture<Long> reader : reading) {
            assertThat(reader.join()).as("reads").isGreaterThan(50);
        }
        assertThat(swaps).isPositive();
        try (Connection connection = database.getConnection()) {
            assertThat(HistoryCheck.differences(connection)).as("seed %d", seed).isEmpty();
        }
        System.out.printf("RegrowthTest: %d facts, %d swaps while they came%n", facts.size(), swaps);
    }

    /** Reads as a pool of prepared statements does; what was there once stays there. */
    private long read(AtomicBoolean end) {
        try (Connection connection = database.getConnection();
                var count = connection.prepareStatement(
                        "select count(*) from job j left join workflow w on w.id = j.workflow_id left join pipeline p on p.id = w.pipeline_id");
                var rows = connection.prepareStatement("select * from workflow order by id limit 20")) {
            long reads = 0;
            long known = 0;
            while (!end.get()) {
                try (var row = count.executeQuery()) {
                    row.next();
                    assertThat(row.getLong(1)).isGreaterThanOrEqualTo(known);
                    known = row.getLong(1);
                }
                try (var row = rows.executeQuery()) {
                    assertThat(row.next()).isTrue();
                }
                reads++;
            }
            return reads;
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void what_the_trail_does_not_tell_is_kept_or_dropped_or_stops_the_swap() throws SQLException {
        // Given a row whose month of the trail was dropped, and one that knows something newer than any fact
        recordAll();
        change("insert into workflow (id, identity_stamp, name) values ('%s', '1', 'of old')"
                .formatted(UUID.randomUUID()));
        change("update job set number_stamp = '~', number = 4711 where id = (select id from job order by id limit 1)");
        Map<String, String> before = hashes();

        // Then
        assertThatThrownBy(() -> regrow(Untold.REFUSE))
                .isInstanceOf(Regrowth.Refused.class)
                .hasMessageContaining("2 rows");
        assertThat(hashes()).isEqualTo(before);
        regrow(Untold.KEEP);
        assertThat(hashes()).isEqualTo(before);
        regrow(Untold.DROP);
        assertThat(texts("select name from workflow where name = 'of old'")).isEmpty();
        assertThat(texts("select id from job where number = 4711")).isEmpty();
    }

    @Test
    void one_that_did_not_come_to_its_end_leaves_the_live_history_alone_and_is_cleared_away() throws SQLException {
        // Given
        recordAll();
        Map<String, String> before = hashes();
        Growing crashed = regrowth.begin(Untold.REFUSE, "test", Instant.now());
        String beside = "select count(*) from %s_regrown.job".formatted(SCHEMA);
        do {
            step(crashed);
        } while (texts(beside).get(0).equals("0"));

        // When
        regrowth.begin(Untold.REFUSE, "test", Instant.now());

        // Then
        assertThat(texts(beside).get(0)).isEqualTo("0");
        regrowth.tidy();
        assertThat(texts("select nspname from pg_namespace where nspname like '%s_%%'".formatted(SCHEMA)))
                .isEmpty();
        assertThat(hashes()).isEqualTo(before);
    }

    /** Another person may go from an entry that one has gone from before. */
    @Test
    void what_was_erased_once_more_meanwhile_does_not_come_back() throws SQLException {
        // Given
        recordAll();
        erase("coalesce(erased_digest, sha256(body))", "coalesce(body, redacted_body)");
        Growing growing = regrowth.begin(Untold.REFUSE, "test", Instant.now());
        step(growing);

        // When
        erase("erased_digest", "redacted_body || ' '");

        // Then
        assertThatThrownBy(() -> {
                    while (!growing.isDone()) {
                        step(growing);
                    }
                })
                .isInstanceOf(Regrowth.Refused.class);
    }

    private void erase(String digest, String body) throws SQLException {
        change("""
                with erasing as materialized (select set_config('treering.erasing', 'on', true))
                update trail set erased_digest = %s, redacted_body = %s, body = null, salt = null
                from erasing where "offset" = 7""".formatted(digest, body));
    }

    @Test
    void what_was_erased_meanwhile_does_not_come_back() throws SQLException {
        // Given
        recordAll();
        Map<String, String> before = hashes();
        Growing growing = regrowth.begin(Untold.REFUSE, "test", Instant.now());
        step(growing);

        // When
        erase("sha256(body)", "body");

        // Then
        assertThatThrownBy(() -> {
                    while (!growing.isDone()) {
                        step(growing);
                    }
                })
                .isInstanceOf(Regrowth.Refused.class);
        // and what stands for the bytes tells the same rows
        regrow(Untold.REFUSE);
        Map<String, String> after = hashes();
        before.remove("trail");
        after.remove("trail");
        assertThat(after).isEqualTo(before);
    }
}
