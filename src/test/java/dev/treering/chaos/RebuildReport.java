package dev.treering.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.stream.LongStream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How long a rebuild takes: {@code mvn verify -Pchaos -Dit.test=RebuildReport}, with {@code -Dtreering.entries=…} of another
 * size. Makes a trail of a million webhooks, regrows its history from nothing and then once more while it is read, and
 * compares all rows of both.
 */
@Isolated("measures")
class RebuildReport {

    private static final Path FILE = Path.of("target", "rebuild-report.txt");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ENTRIES = Integer.getInteger("treering.entries", 1_000_000);
    private static final int SLICE = 50_000;
    private static final int JOBS = 20;
    private static final long MOST_MEGABYTES = 900;

    private World world;
    private Instance instance;

    @BeforeEach
    void start() {
        world = World.named("rebuild")
                .measured()
                .databaseSetting("fsync=on")
                .receivers(0)
                .workers(0)
                .start();
        instance = world.instance("all", "worker,api");
        instance.start();
    }

    @AfterEach
    void close() {
        instance.close();
        world.close();
    }

    @Test
    void rebuild() throws Exception {
        // Given
        fill();
        say(
                "%,d entries, bodies of %,d bytes on average",
                ENTRIES, world.database().number("select avg(octet_length(body))::bigint from trail"));

        // When
        rebuilt("from nothing");
        long[] rows = counts();
        String hash = hash();
        rebuilt("of a whole history, while it is read");

        // Then
        assertThat(counts()).isEqualTo(rows);
        assertThat(hash()).isEqualTo(hash);
        say("%,d workflows and %,d jobs, all rows the same", rows[0], rows[1]);
    }

    private void rebuilt(String how) throws Exception {
        long begin = System.nanoTime();
        String task = instance.post("/api/rebuilds", "").path("id").asText();
        LongStream.Builder reads = LongStream.builder();
        long megabytes = 0;
        JsonNode now;
        do {
            long asked = System.nanoTime();
            assertThat(instance.get("/api/v2/pipeline?org-slug=gh/acme").statusCode())
                    .isIn(200, 404);
            reads.add(System.nanoTime() - asked);
            megabytes = Math.max(megabytes, instance.footprint().megabytes());
            Thread.sleep(50);
            now = JSON.readTree(instance.get("/api/tasks/" + task).body());
        } while (now.path("state").asText().equals("running"));
        double seconds = (System.nanoTime() - begin) / 1e9;
        assertThat(now.path("state").asText()).as(now.toString()).isEqualTo("done");
        long[] nanos = reads.build().sorted().toArray();
        say(
                "%s: %.0f s, %,.0f entries/s, at most %d MB; %d reads meanwhile, p50 %.1f ms, p95 %.1f ms, max %.1f ms",
                how,
                seconds,
                ENTRIES / seconds,
                megabytes,
                nanos.length,
                nanos[nanos.length / 2] / 1e6,
                nanos[nanos.length * 95 / 100] / 1e6,
                nanos[nanos.length - 1] / 1e6);
        assertThat(megabytes).isLessThan(MOST_MEGABYTES);
    }

    private long[] counts() {
        return new long[] {
            world.database().number("select count(*) from workflow"),
            world.database().number("select count(*) from job")
        };
    }

    private String hash() {
        StringBuilder hashes = new StringBuilder();
        for (String table : Arrays.asList("project", "pipeline", "workflow", "job", "project_slug")) {
            hashes.append(world.database()
                    .rows("select md5(string_agg(h, '' order by h)) from (select md5(t::text) as h from %s t) as x"
                            .formatted(table)));
        }
        return hashes.toString();
    }

    /** One workflow's end and twenty jobs' of each pipeline, over two months and twelve partitions, as webhooks tell them. */
    private void fill() {
        for (String month : Arrays.asList("2026-09-01", "2026-10-01", "2026-11-01")) {
            world.database().execute("select trail_partition('%s')".formatted(month));
        }
        // In parts: a statement may take a minute.
        for (int slice = 0; slice < ENTRIES; slice += SLICE) {
            world.database().execute("""
                insert into trail (topic, partition, "offset", appended_at, key, event_id, type, receipt, received_at, outcome,
                    number, salt, body, salted_digest, chain)
                select 'circleci.webhooks', n %% 12, n / 12, at, md5('p' || l %% 10)::uuid, md5('e' || n)::uuid,
                    'com.circleci.' || kind || '-completed', md5('r' || n), at, 'applied', n / 12 + 1, '\\x00',
                    convert_to(format('{"id":"%%s","type":"%%s-completed","happened_at":"%%s","webhook":{"id":"%%s","name":"treering"},'
                        || '"project":{"id":"%%s","name":"p%%s","slug":"github/acme/p%%s"},"organization":{"id":"%%s","name":"acme"},'
                        || '"workflow":{"id":"%%s","name":"build","status":"success","created_at":"%%s","stopped_at":"%%s","url":"https://app.circleci.com/w/%%s"},'
                        || '"pipeline":{"id":"%%s","number":%%s,"created_at":"%%s","trigger":{"type":"webhook"},"vcs":{"provider_name":"github",'
                        || '"origin_repository_url":"https://github.com/acme/web","target_repository_url":"https://github.com/acme/web","revision":"%%s",'
                        || '"commit":{"subject":"Change %%s","body":"","author":{"name":"A","email":"a@example.org"},"authored_at":"%%s"},"branch":"main"}}%%s}',
                        md5('e' || n)::uuid, kind, text_at, md5('hook')::uuid, md5('p' || l %% 10)::uuid, l %% 10, l %% 10, md5('o')::uuid,
                        md5('w' || l)::uuid, begun, text_at, l, md5('l' || l)::uuid, l, begun, md5('c' || l), l, begun,
                        case kind when 'job' then format(',"job":{"id":"%%s","name":"job-%%s","status":"success","number":%%s,"started_at":"%%s","stopped_at":"%%s"}',
                            md5('j' || n)::uuid, n %% %2$d, n, begun, text_at) else '' end), 'UTF8'),
                    '\\x00', '\\x00'
                from (select n, l, case n %% %2$d when 0 then 'workflow' else 'job' end as kind,
                        to_char(begun, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as begun, to_char(begun + interval '7 minutes', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as text_at,
                        begun + interval '7 minutes' as at
                    from (select n, n / %2$d as l, timestamp '2026-09-10' + n * (interval '60 days' / %1$d) as begun
                        from generate_series(%3$d, least(%3$d + %4$d, %1$d) - 1) as n) as s) as f""".formatted(ENTRIES, JOBS + 1, slice, SLICE));
        }
        world.database().execute("""
                insert into stream_position (topic, partition, next_offset, highest_offset, chain_head)
                select topic, partition, max("offset") + 1, max("offset") + 1, '\\x00' from trail group by 1, 2
                on conflict (topic, partition) do update set next_offset = excluded.next_offset""");
        world.database().execute("vacuum analyze trail");
    }

    private static void say(String text, Object... values) {
        String line = text.formatted(values);
        System.out.println("rebuild: " + line);
        try {
            Files.writeString(FILE, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
