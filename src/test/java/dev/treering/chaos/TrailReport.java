package dev.treering.chaos;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.chaos.Load.Figures;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * How long searches of a trail of a million entries take, and exports of all of it:
 * {@code mvn verify -Pchaos -Dit.test=TrailReport}. The history is that of {@link ReadsReport}: two years, ten projects, half of
 * everything in one of them. Prints a table and holds it against the marks.
 */
@Isolated("measures")
class TrailReport {

    private static final Path FILE = Path.of("target", "trail-report.txt");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ENTRIES = 1_000_000;
    private static final int SLICE = 50_000;
    private static final int WARM_UP = 3;
    private static final int REQUESTS = 40;
    private static final int DEEP = 100;

    // A read is cut after five seconds; a person waits for one.
    private static final double MOST_MILLIS = 1_000;
    private static final long MOST_MEGABYTES = 900;

    private World world;
    private Instance api;

    @BeforeEach
    void start() {
        world = World.named("trail")
                .measured()
                .databaseSetting("fsync=on")
                .receivers(0)
                .workers(0)
                .start();
        // A worker makes the schema.
        try (Instance worker = world.instance("worker", "worker")) {
            worker.start();
        }
        api = world.instance("api", "api");
        api.start();
    }

    @AfterEach
    void close() {
        api.close();
        world.close();
    }

    @Test
    void searches_and_exports() throws Exception {
        // Given
        ReadsReport.fill(world, new ReadsReport.History("1,000,000 jobs in 2 years", ENTRIES, 730, 2));
        fill();
        // When
        say("%-34s %8s %8s %8s %8s", "search", "found", "p50 ms", "p95 ms", "max ms");
        Map<String, Figures> searches = new LinkedHashMap<>();
        for (Map.Entry<String, String> search : searches().entrySet()) {
            searches.put(search.getKey(), measured(search.getKey(), "/api/trail?" + search.getValue()));
        }
        long before = api.footprint().megabytes();
        double csv = exported("csv", ENTRIES + 1);
        double ndjson = exported("ndjson", ENTRIES);
        long after = api.footprint().megabytes();
        say("memory (peak of the process): %d MB before the exports, %d MB after", before, after);
        // Then
        searches.forEach((search, figures) -> {
            assertThat(figures.others()).as(search).isZero();
            assertThat(figures.millis(0.95)).as(search).isLessThanOrEqualTo(MOST_MILLIS);
        });
        assertThat(Math.min(csv, ndjson)).isPositive();
        assertThat(after).isLessThanOrEqualTo(MOST_MEGABYTES);
    }

    private Map<String, String> searches() throws Exception {
        String one = world.database()
                .rows("select id from pipeline where number = 25000")
                .get(0)
                .get(0);
        String revision = world.database()
                .rows("select revision from pipeline where number = 25000")
                .get(0)
                .get(0);
        Map<String, String> searches = new LinkedHashMap<>();
        searches.put("newest", "");
        searches.put("a hundred pages down", "page-token=" + deep());
        searches.put("project", "project=gh/acme/p0");
        searches.put("a day two years ago", "from=700d&to=699d");
        searches.put("pipeline", "pipeline=" + one);
        searches.put("revision", "revision=" + revision);
        searches.put("branch of half", "branch=main");
        searches.put("branch of some in project", "project=gh/acme/p3&branch=topic-700");
        searches.put("branch of many that ended long ago", "branch=ended");
        searches.put("actor", "actor=user-7");
        searches.put("workflow by name", "workflow=nightly");
        searches.put("job by name", "job=job-7");
        searches.put("job by name, of one that is rare", "job=seldom");
        searches.put("q: one commit", "q=change+25000");
        searches.put("q: every commit", "q=change");
        searches.put("q: nothing", "q=nowhere");
        searches.put("dead", "outcome=dead");
        searches.put("rare type", "type=ping");
        searches.put("acts of one", "source=act&actor=ann");
        searches.put(
                "all at once",
                "project=gh/acme/p0&branch=main&type=job-completed&outcome=applied&job=job-7&q=change&since=800d");
        return searches;
    }

    private String deep() throws Exception {
        String token = null;
        for (int page = 0; page < DEEP; page++) {
            JsonNode answer = JSON.readTree(api.get("/api/trail" + (token == null ? "" : "?page-token=" + token))
                    .body());
            assertThat(answer.get("items")).hasSize(100);
            token = answer.get("next_page_token").asText();
        }
        return token;
    }

    private Figures measured(String name, String path) throws Exception {
        int found = 0;
        for (int i = 0; i < WARM_UP; i++) {
            found = JSON.readTree(api.get(path).body()).path("items").size();
        }
        long[] nanos = new long[REQUESTS];
        int others = 0;
        for (int i = 0; i < REQUESTS; i++) {
            long begin = System.nanoTime();
            others += api.get(path).statusCode() == 200 ? 0 : 1;
            nanos[i] = System.nanoTime() - begin;
        }
        Arrays.sort(nanos);
        Figures figures = new Figures(REQUESTS, others, 0, nanos);
        say(
                "%-34s %8s %8.1f %8.1f %8.1f",
                name,
                found == 100 ? "100+" : Integer.toString(found),
                figures.millis(0.5),
                figures.millis(0.95),
                figures.millis(1));
        return figures;
    }

    /** Entries a second. */
    private double exported(String format, int lines) throws Exception {
        long begin = System.nanoTime();
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://" + Ports.LOOPBACK + ":" + api.port() + "/api/trail?format=" + format))
                .header("Circle-Token", Instance.TOKEN)
                .build();
        int count = 0;
        try (InputStream body = HttpClient.newHttpClient()
                        .send(request, BodyHandlers.ofInputStream())
                        .body();
                BufferedReader reader = new BufferedReader(new InputStreamReader(body, UTF_8))) {
            while (reader.readLine() != null) {
                count++;
            }
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        assertThat(count).isEqualTo(lines);
        say("export as %-7s %,d lines in %.1f s, %,.0f a second", format, count, seconds, ENTRIES / seconds);
        return ENTRIES / seconds;
    }

    /** A webhook of each job, one in fifty twice; a few that are dead, a few pings, and acts. */
    private void fill() {
        world.database().execute("update pipeline set trigger_actor_login = 'user-' || number % 40");
        world.database().execute("update pipeline set branch = 'ended' where number <= 2000");
        world.database().execute("update job set name = 'seldom' where number % 100000 = 7");
        world.database()
                .execute(
                        "select trail_partition((now() - n * interval '1 month')::date) from generate_series(-1, 26) as n");
        world.database()
                .execute("create table numbered as select id, project_id, pipeline_id, workflow_id,"
                        + " row_number() over (order by started_at, id) as n from job");
        world.database().execute("create index on numbered (n)");
        // In parts: a statement may take a minute.
        for (int slice = 0; slice < ENTRIES; slice += SLICE) {
            world.database().execute("""
                insert into trail (topic, partition, "offset", appended_at, key, event_id, type, source, receipt, received_at,
                    secret_id, origin, told_by, pipeline_id, workflow_id, job_id, number, outcome, salt, body, salted_digest, chain)
                select f.*, sha256(f.salt || f.body), sha256(f.salt) from (
                    select case when n %% 2000 = 9 then 'treering.acts' else 'circleci.webhooks' end,
                        (n %% 12)::int, n / 12, date_trunc('milliseconds', now() - (%1$d - n) * (interval '730 days' / %1$d)),
                        j.project_id::text, md5('e' || n)::uuid::text,
                        case when n %% 2000 = 9 then 'dev.treering.act.begun' when n %% 5000 = 8 then 'com.circleci.ping'
                            when n %% 20 = 0 then 'com.circleci.workflow-completed' else 'com.circleci.job-completed' end,
                        case when n %% 2000 = 9 then '/actors/' || case when n %% 4000 = 9 then 'ann' else 'bob' end
                            else '/projects/' || j.project_id end,
                        md5('r' || n)::uuid::text, now() - (%1$d - n) * (interval '730 days' / %1$d), 'a1b2c3d4', '198.51.100.7',
                        case when n %% 2000 = 9 then null else 'webhook' end,
                        case when n %% 2000 = 9 then null else j.pipeline_id end,
                        case when n %% 2000 = 9 then null else j.workflow_id end,
                        case when n %% 2000 = 9 then null else j.id end, n / 12 + 1,
                        case when n %% 50 = 3 then 'duplicate' when n %% 9999 = 7 then 'dead' else 'applied' end,
                        decode(md5('s' || n), 'hex') as salt,
                        convert_to(json_build_object('type', 'job-completed', 'id', md5('e' || n)::uuid, 'job', j.id, 'pipeline',
                            j.pipeline_id, 'more', (select string_agg(md5(n || '-' || k), '') from generate_series(1, 25) as k))::text,
                            'UTF8') as body
                    from numbered j where n > %2$d and n <= %3$d order by n) as f""".formatted(ENTRIES, slice, slice + SLICE));
        }
        world.database().execute("""
                insert into dead_letter (topic, partition, "offset", appended_at, reason, detail)
                select topic, partition, "offset", appended_at, 'unreadable', 'made up' from trail where outcome = 'dead'""");
        world.database().execute("vacuum analyze trail, dead_letter, pipeline, job");
        say("%,d entries, %s", world.database().number("select count(*) from trail"), size("trail"));
    }

    private String size(String table) {
        return world.database().rows("""
                select string_agg(mb, ' + ') from (
                    select 'tables ' || sum(pg_table_size(relid)) / 1000000 || ' MB' as mb from pg_partition_tree('%1$s')
                    union all
                    select 'indexes ' || sum(pg_indexes_size(relid)) / 1000000 || ' MB' from pg_partition_tree('%1$s')) as s""".formatted(table)).get(0).get(0);
    }

    private static void say(String text, Object... values) {
        String line = text.formatted(values);
        System.out.println("trail: " + line);
        try {
            Files.writeString(FILE, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
