package dev.treering.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.chaos.Load.Figures;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How long reads take: {@code mvn verify -Pchaos -Dit.test=ReadsReport}. Makes histories of a hundred thousand and of a million
 * jobs in ten projects, half of everything in one of them, and asks that one over HTTP, one request after the other. Prints a
 * table and holds it against the marks.
 */
@Isolated("measures")
class ReadsReport {

    private static final Path FILE = Path.of("target", "reads-report.txt");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String BIG = "gh/acme/p0";
    private static final int WARM_UP = 100;
    private static final int ROUNDS = 5;
    private static final int REQUESTS = 100;
    private static final int DEEP = 100;

    private static final double MOST_MILLIS_OF_A_SUMMARY = 100;
    private static final double MOST_MILLIS_OF_A_PAGE = 20;
    private static final double MOST_GROWTH = 1.5;

    /** @param share of everything in the big project: one in so many */
    record History(String name, int jobs, int days, int share) {}

    private World world;
    private Instance api;

    @BeforeEach
    void start() {
        world = World.named("reads")
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
    void reads() throws Exception {
        // Given a history, the same one at ten times its age, and one that is busier
        say("%-28s %-22s %8s %8s %8s", "history", "read", "p50 ms", "p95 ms", "max ms");
        Map<String, Figures> young = measured(new History("100,000 jobs in 6 months", 100_000, 183, 2));
        Map<String, Figures> old = measured(new History("1,000,000 jobs in 5 years", 1_000_000, 1_830, 2));
        Map<String, Figures> busy = measured(new History("1,000,000 jobs in 2 years", 1_000_000, 730, 2));
        // Told, not asked for: the busiest there can be
        measured(new History("all 1,000,000 in 90 days", 1_000_000, 90, 1));
        // Then
        Stream.of(old, busy).forEach(ReadsReport::holdAgainstTheMarks);
        old.forEach((read, figures) -> assertThat(
                        figures.millis(0.95) / young.get(read).millis(0.95))
                .as("growth of %s", read)
                .isLessThanOrEqualTo(MOST_GROWTH));
    }

    private static void holdAgainstTheMarks(Map<String, Figures> history) {
        history.forEach((read, figures) -> {
            double most = read.startsWith("pipelines") ? MOST_MILLIS_OF_A_PAGE : MOST_MILLIS_OF_A_SUMMARY;
            assertThat(figures.others()).as(read).isZero();
            assertThat(figures.millis(0.95)).as(read).isLessThanOrEqualTo(most);
        });
    }

    private Map<String, Figures> measured(History history) throws Exception {
        fill(world, history);
        String insights = "/api/v2/insights/" + BIG + "/workflows";
        String pipelines = "/api/v2/project/" + BIG + "/pipeline";
        Map<String, String> paths = new LinkedHashMap<>();
        paths.put("summary", insights + "/build/summary");
        paths.put("workflows", insights);
        paths.put("of all branches", insights + "?all-branches=true");
        paths.put("pipelines, first", pipelines);
        paths.put("pipelines, deep", pipelines + "?page-token=" + deep(pipelines));
        paths.put("pipelines, by branch", pipelines + "?branch=main");
        Map<String, Figures> all = new LinkedHashMap<>();
        for (Map.Entry<String, String> path : paths.entrySet()) {
            ask(path.getValue(), WARM_UP);
            // What else runs on the machine disturbs one round more than another: the middle one counts.
            List<Figures> rounds = new ArrayList<>();
            for (int round = 0; round < ROUNDS; round++) {
                rounds.add(ask(path.getValue(), REQUESTS));
            }
            rounds.sort(Comparator.comparing(round -> round.millis(0.95)));
            Figures figures = rounds.get(ROUNDS / 2);
            all.put(path.getKey(), figures);
            say(
                    "%-28s %-22s %8.1f %8.1f %8.1f",
                    history.name(), path.getKey(), figures.millis(0.5), figures.millis(0.95), figures.millis(1));
        }
        return all;
    }

    private Figures ask(String path, int times) throws Exception {
        long[] nanos = new long[times];
        int others = 0;
        for (int i = 0; i < times; i++) {
            long begin = System.nanoTime();
            others += api.get(path).statusCode() == 200 ? 0 : 1;
            nanos[i] = System.nanoTime() - begin;
        }
        Arrays.sort(nanos);
        return new Figures(times, others, 0, nanos);
    }

    /** The token of a page far down. */
    private String deep(String path) throws Exception {
        String token = null;
        for (int page = 0; page < DEEP; page++) {
            JsonNode answer = JSON.readTree(api.get(token == null ? path : path + "?page-token=" + token)
                    .body());
            token = answer.get("next_page_token").asText();
            assertThat(answer.get("items")).hasSize(20);
        }
        return token;
    }

    /** One pipeline a workflow, evenly over the time: two in five on main, a topic branch for every ten others. */
    static void fill(World world, History history) {
        int workflows = history.jobs() / 20;
        world.database().execute("truncate project, pipeline, workflow, job");
        world.database().execute("""
                insert into project (id, identity_stamp, slug, name, default_branch)
                select md5('p' || n)::uuid, '1', 'gh/acme/p' || n, 'p' || n, 'main' from generate_series(0, 9) as n""");
        world.database().execute("""
                insert into pipeline (id, identity_stamp, project_id, number, created_at, branch, revision, state, trigger_type,
                    vcs_provider, commit_subject)
                select md5('l' || n)::uuid, '1', md5('p' || case when n %% %3$d = 0 then 0 else 1 + n / 2 %% 9 end)::uuid, n,
                    now() - (%1$d - n) * (interval '%2$d days' / %1$d),
                    case when n / 2 %% 5 < 2 then 'main' else 'topic-' || n / 34 end, md5(n::text), 'created', 'webhook', 'github',
                    'Change ' || n
                from generate_series(1, %1$d) as n""".formatted(workflows, history.days(), history.share()));
        world.database().execute("""
                insert into workflow (id, identity_stamp, project_id, pipeline_id, name, created_at, progress_stamp, status,
                    stopped_at)
                select md5('w' || number)::uuid, '1', project_id, id,
                    (array['build', 'deploy', 'nightly', 'release'])[1 + number / 10 % 4], created_at, '1',
                    case when number % 17 = 0 then 'failed' when number % 41 = 0 then 'canceled' else 'success' end,
                    created_at + (300 + number * 7919 % 900) * interval '1 second'
                from pipeline""");
        world.database().execute("""
                insert into job (id, identity_stamp, project_id, pipeline_id, workflow_id, name, number, progress_stamp, status,
                    queued_at, started_at, stopped_at, type)
                select md5('j' || l.number || '-' || n)::uuid, '1', w.project_id, l.id, w.id, 'job-' || n, l.number * 20 + n, '1',
                    w.status, w.created_at, w.created_at + interval '5 seconds', w.stopped_at, 'build'
                from pipeline l join workflow w on w.pipeline_id = l.id, generate_series(1, 20) as n""");
        world.database().execute("vacuum analyze project, pipeline, workflow, job");
    }

    private static void say(String text, Object... values) {
        String line = text.formatted(values);
        System.out.println("reads: " + line);
        try {
            Files.writeString(FILE, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
