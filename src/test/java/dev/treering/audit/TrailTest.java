package dev.treering.audit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Signed;
import dev.treering.TestStores;
import dev.treering.security.Scope;
import dev.treering.security.Tokens;
import dev.treering.simulation.Job;
import dev.treering.simulation.Run;
import dev.treering.simulation.Scenarios;
import dev.treering.simulation.Simulator;
import dev.treering.simulation.WebhookSender;
import io.restassured.RestAssured;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.startsWith;

@FlowTest
class TrailTest {

    private static final String ID =
            "topic || ':' || partition || ':' || \"offset\" || ':' || (extract(epoch from appended_at) * 1000)::bigint";
    // A partition that no topic has: what a test writes there itself it takes away again.
    private static final int MADE_UP = 8_046;

    private static Run broken;
    private static Run onBranch;
    private static Run otherProject;

    @Inject
    Database database;

    @Inject
    Tokens tokens;

    private final UUID project = UUID.randomUUID();

    @BeforeEach
    void play_runs() throws InterruptedException {
        if (broken != null) {
            return;
        }
        Scenarios scenarios = new Scenarios(78, "trail");
        Instant yesterday =
                LocalDate.now(ZoneOffset.UTC).minusDays(1).atTime(9, 0).toInstant(ZoneOffset.UTC);
        Run first = scenarios.breaking(4, yesterday);
        onBranch = scenarios.breaking(7, yesterday.plusSeconds(3600));
        otherProject = scenarios.green(1, yesterday);
        URI door = URI.create("http://localhost:" + RestAssured.port + "/webhooks/circleci");
        try (Simulator simulator =
                new Simulator(TestStores.circleCi(), new WebhookSender(door, TestStores.SECRET), Clock.systemUTC())) {
            for (Run run : List.of(first, onBranch, otherProject)) {
                simulator.play(run);
                await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
                    assertThat(database.count(
                                    "select count(*) from workflow where pipeline_id = ? and details_stamp is not null",
                                    run.id()))
                            .isEqualTo(run.workflows().size());
                    assertThat(database.count(
                                    "select count(*) from enrichment_task where pipeline_id = ? and state <> 'done'",
                                    run.id()))
                            .isZero();
                });
            }
        }
        broken = first;
    }

    @AfterEach
    void take_away_what_was_made_up() {
        Database.force("delete from trail where partition = " + MADE_UP);
    }

    private static RequestSpecification asAdmin() {
        return given().header("Circle-Token", TestStores.TOKEN);
    }

    private static JsonPath search(Map<String, String> query) {
        return asAdmin()
                .params(query)
                .get("/api/trail")
                .then()
                .statusCode(200)
                .extract()
                .jsonPath();
    }

    private static List<String> found(String... query) {
        Map<String, String> parameters = new HashMap<>();
        for (int i = 0; i < query.length; i += 2) {
            parameters.put(query[i], query[i + 1]);
        }
        return search(parameters).getList("items.id");
    }

    /** Newest first, as the table has them. */
    private List<String> stored(String condition) {
        String ids = database.value("""
                select string_agg(%s, ' ' order by appended_at desc, topic desc, partition desc, "offset" desc)
                from trail where %s""".formatted(ID, condition));
        return ids == null ? List.of() : List.of(ids.split(" "));
    }

    private static String tells(String... texts) {
        List<String> conditions = new ArrayList<>();
        for (String text : texts) {
            conditions.add("convert_from(body, 'UTF8') like '%" + text + "%'");
        }
        return String.join(" and ", conditions);
    }

    @Test
    void every_filter_finds_what_it_names_and_nothing_else() {
        // Given
        String slug = broken.project().slug();
        String key = "key = '" + broken.project().id() + "'";
        UUID workflow = broken.workflows().get(0).id();
        Job job = broken.workflows().get(0).jobs().get(1);
        String ofJob =
                "(%s or %s)".formatted(tells("\"job\"", "\"id\":\"" + job.id()), tells("\"job_id\":\"" + job.id()));
        String all = "%s and (%s or %s)"
                .formatted(
                        key, tells(broken.id().toString()), tells(onBranch.id().toString()));
        Map<List<String>, String> expected = new LinkedHashMap<>();
        expected.put(List.of("project", slug), key);
        expected.put(List.of("project", broken.project().id().toString()), key);
        expected.put(List.of("project", slug.replace("gh/", "github/")), key);
        expected.put(
                List.of("pipeline", broken.id().toString()), tells(broken.id().toString()));
        expected.put(
                List.of("project", slug, "pipeline", Long.toString(broken.number())),
                tells(broken.id().toString()));
        expected.put(List.of("workflow", workflow.toString()), tells(workflow.toString()));
        expected.put(List.of("project", slug, "workflow", "build-and-test"), all + " and workflow_id is not null");
        expected.put(List.of("job", job.id().toString()), ofJob);
        expected.put(List.of("pipeline", broken.id().toString(), "job", job.name()), ofJob);
        expected.put(
                List.of("project", slug, "type", "workflow-completed"),
                key + " and type = 'com.circleci.workflow-completed'");
        expected.put(
                List.of("project", slug, "type", "dev.treering.snapshot.job"),
                key + " and type = 'dev.treering.snapshot.job'");
        expected.put(List.of("project", slug, "source", "webhook"), key + " and topic = 'circleci.webhooks'");
        expected.put(List.of("project", slug, "source", "api"), key + " and " + tells("\"source\":\"api\""));
        expected.put(List.of("source", "/projects/" + broken.project().id()), key);
        expected.put(List.of("project", slug, "outcome", "applied"), key + " and outcome = 'applied'");
        expected.put(List.of("project", slug, "actor", "acme"), all);
        expected.put(List.of("project", slug, "actor", "nobody"), "false");
        expected.put(
                List.of("project", slug, "branch", "main"), tells(broken.id().toString()));
        expected.put(
                List.of("branch", "feature/paging", "project", slug),
                tells(onBranch.id().toString()));
        expected.put(
                List.of("revision", broken.commit().revision()),
                tells(broken.id().toString()));
        expected.put(
                List.of("revision", broken.commit().revision().substring(0, 12)),
                tells(broken.id().toString()));
        expected.put(List.of("project", slug, "q", "PAGES answer"), all);
        expected.put(List.of("project", slug, "q", "-answer"), "false");
        expected.put(List.of("pipeline", broken.id().toString(), "q", job.name().substring(1, 6)), ofJob);
        expected.put(List.of("project", slug, "from", "2026-01-01", "to", "9999-01-01T00:00:00Z"), key);
        expected.put(List.of("project", slug, "since", "1h"), key);
        expected.put(List.of("project", slug, "to", "2026-01-01"), "false");

        // When
        Map<List<String>, List<String>> actual = new LinkedHashMap<>();
        Map<List<String>, List<String>> wanted = new LinkedHashMap<>();
        expected.forEach((query, condition) -> {
            actual.put(query, found(query.toArray(String[]::new)));
            wanted.put(query, stored(condition));
        });

        // Then
        assertThat(actual).containsExactlyEntriesOf(wanted);
        assertThat(actual.get(List.of("project", slug, "q", "PAGES answer"))).hasSizeGreaterThan(5);
    }

    @Test
    void what_many_pipelines_share_is_found_by_time() {
        // Given more pipelines than are looked up one by one
        database.change(
                "insert into project (id, identity_stamp, slug) values (?, '1', ?)", project, "gh/trail/" + project);
        database.change("""
                insert into pipeline (id, identity_stamp, project_id, branch, commit_subject)
                select gen_random_uuid(), '1', cast(? as uuid), 'many', 'Shared by all' from generate_series(1, 600)""", project);
        makeUp(600, 0);
        Database.force("""
                update trail t set pipeline_id = p.id from (
                    select id, row_number() over () as n from pipeline where project_id = ?) as p
                where t.partition = ? and t."offset" = p.n and p.n % 2 = 0""", project, MADE_UP);

        // When
        List<String> byBranch = found("branch", "many", "project", project.toString());
        List<String> byText = found("q", "shared", "from", "2020-01-01", "to", "2020-02-01");

        // Then
        List<String> expected =
                stored("partition = 8046 and pipeline_id is not null").subList(0, 100);
        assertThat(byBranch).isEqualTo(expected);
        assertThat(byText).isEqualTo(expected);
    }

    @Test
    void copies_and_dead_letters_are_found_by_their_outcome() {
        // Given
        String body =
                "{\"type\": \"%s\", \"id\": \"%s\", \"happened_at\": \"2026-11-20T10:00:00Z\", \"project\": {\"id\": \"%s\"}}";
        byte[] ping = body.formatted("ping", UUID.randomUUID(), project).getBytes(UTF_8);
        byte[] unknown =
                body.formatted("=cmd|'/C calc'!A0", UUID.randomUUID(), project).getBytes(UTF_8);
        for (byte[] webhook : List.of(ping, ping, unknown)) {
            Signed.post(webhook).then().statusCode(202);
        }

        // When
        await().untilAsserted(
                        () -> assertThat(found("project", project.toString())).hasSize(3));

        // Then
        assertThat(search(Map.of("project", project.toString(), "outcome", "duplicate", "type", "ping"))
                        .getList("items"))
                .hasSize(1);
        JsonPath dead = search(Map.of("project", project.toString(), "outcome", "dead"));
        assertThat(dead.getList("items.reason")).containsExactly("unrecognised");
        JsonPath entry = entry(dead.getString("items[0].id"));
        assertThat(entry.getString("body")).isEqualTo(new String(unknown, UTF_8));
        assertThat(entry.getString("error")).contains("is not known to this version");
        assertThat(entry.getList("changed")).isEmpty();
    }

    private static JsonPath entry(String id) {
        return asAdmin()
                .get("/api/trail/" + id)
                .then()
                .statusCode(200)
                .extract()
                .jsonPath();
    }

    @Test
    void entry_shows_its_bytes_where_they_came_from_and_what_of_them_stands() {
        // Given
        String workflow = broken.workflows().get(0).id().toString();
        JsonPath webhook = search(Map.of("workflow", workflow, "type", "workflow-completed"));
        JsonPath snapshot = search(Map.of("workflow", workflow, "type", "dev.treering.snapshot.workflow"));

        // When
        JsonPath told = entry(webhook.getString("items[0].id"));
        JsonPath answered = entry(snapshot.getString("items[0].id"));

        // Then
        assertThat(told.getString("outcome")).isEqualTo("applied");
        assertThat(told.getString("source")).isEqualTo("webhook");
        assertThat(told.getString("origin")).isEqualTo("127.0.0.1");
        assertThat(told.getString("secret_id"))
                .isEqualTo(database.value("select max(secret_id) from trail where workflow_id = ?::uuid", workflow));
        assertThat(new JsonPath(told.getString("body")).getString("workflow.id"))
                .isEqualTo(workflow);
        assertThat(told.getString("body_base64")).isNull();
        assertThat(told.getString("chain")).hasSize(64);
        assertThat(told.getList("changed.entity")).contains("project", "pipeline", "workflow");
        assertThat(told.getList("changed.find { it.entity == 'workflow' }.standing"))
                .contains("link");
        // Who started it, only the API tells.
        assertThat(answered.getList("changed.find { it.entity == 'workflow' }.standing"))
                .contains("details");
        assertThat(answered.getString("origin")).isNull();

        // and each group of the row stands by one entry at most, the one it names
        List<String> standing = new ArrayList<>();
        for (String id : found("pipeline", broken.id().toString())) {
            List<String> groups = entry(id).getList("changed.find { it.entity == 'workflow' }.standing");
            standing.addAll(groups == null ? List.of() : groups);
        }
        assertThat(standing).doesNotHaveDuplicates().contains("identity", "link", "progress", "details");
    }

    @Test
    void entry_is_found_without_its_append_time_and_bytes_that_are_no_text_are_shown() {
        // Given
        makeUp(1, 0);
        Database.force("update trail set body = '\\xff00'::bytea where partition = " + MADE_UP);

        // When
        JsonPath entry = entry("circleci.webhooks:" + MADE_UP + ":1");

        // Then
        assertThat(entry.getString("id"))
                .isEqualTo(stored("partition = " + MADE_UP).get(0));
        assertThat(entry.getString("body")).isNull();
        assertThat(entry.getString("body_base64")).isEqualTo("/wA=");
        asAdmin().get("/api/trail/circleci.webhooks:8046:2").then().statusCode(404);
        asAdmin().get("/api/trail/nonsense").then().statusCode(404);
    }

    /** Entries of the project in January of 2020, a few in each millisecond. */
    private void makeUp(int entries, int after) {
        database.value("select trail_partition('2020-01-01')");
        database.change("""
                insert into trail (topic, partition, "offset", appended_at, key, event_id, type, source, told_by, outcome, body,
                    salted_digest, chain, number)
                select 'circleci.webhooks', %1$d, n, timestamptz '2020-01-02Z' + (n / 7) * interval '1 millisecond', '%2$s', 'e' || n,
                    'com.circleci.job-completed', '/projects/%2$s', 'webhook', 'applied', '{}', '\\x00', '\\x00', n
                from generate_series(%3$d + 1, %3$d + %4$d) as n""".formatted(MADE_UP, project, after, entries));
    }

    @Test
    void pages_lead_both_ways_and_stay_the_same_while_entries_come() {
        // Given
        makeUp(250, 0);
        List<String> all = stored("partition = " + MADE_UP);
        List<List<String>> pages = List.of(all.subList(0, 100), all.subList(100, 200), all.subList(200, 250));
        Map<String, String> query = new HashMap<>(Map.of("project", project.toString()));

        // When
        List<List<String>> down = new ArrayList<>();
        List<List<String>> up = new ArrayList<>();
        Response page = asAdmin().params(query).get("/api/trail");
        down.add(page.path("items.id"));
        assertThat((String) page.path("previous_page_token")).isNull();
        makeUp(10, 250);
        while (page.path("next_page_token") != null) {
            page = asAdmin().urlEncodingEnabled(false).get(link(page, "next"));
            down.add(page.path("items.id"));
        }
        while (page.path("previous_page_token") != null) {
            query.put("page-token", page.path("previous_page_token"));
            assertThat(link(page, "prev")).contains("page-token=" + query.get("page-token"));
            page = asAdmin().params(query).get("/api/trail");
            up.add(page.path("items.id"));
        }

        // Then
        assertThat(down).isEqualTo(pages);
        Collections.reverse(up);
        assertThat(up.subList(1, 3)).isEqualTo(pages.subList(0, 2));
        assertThat(up.get(0)).isEqualTo(stored("partition = 8046 and \"offset\" > 250"));
    }

    private static String link(Response page, String relation) {
        return page.headers().getValues("Link").stream()
                .filter(link -> link.endsWith("rel=\"" + relation + "\""))
                .map(link -> link.substring(1, link.indexOf('>')))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            outcome=fine | 'outcome' is one of
            source=me | 'source' is one of
            pipeline=seven | 'pipeline' is an id or a number
            pipeline=7 | say of which 'project'
            project=web | is no project slug
            from=soon | 'from' is no time
            from=2026-11-02&to=2026-11-01 | must be before
            from=2026-11-02&since=1d | two words for one thing
            format=xml | 'format' is json, ndjson or csv
            page-token=AAAA | not one that Treering gave
            page-token=AAXxKIQNQAAAAAAAAAAAAAAAAAAAAAAAAAAABQ | belongs to a list with other filters
            brunch=main | did you mean 'branch'
            q=%00 | holds what cannot be asked for
            """)
    void what_cannot_be_searched_for_is_said(String query, String detail) {
        Response answer = asAdmin().urlEncodingEnabled(false).get("/api/trail?" + query);

        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(400);
        assertThat(answer.contentType()).startsWith("application/problem+json");
        assertThat(answer.<String>path("detail")).contains(detail);
    }

    @Test
    void token_of_a_project_sees_its_entries_alone() throws Exception {
        // Given
        UUID own = broken.project().id();
        String token = tokens.create("auditor", List.of(Scope.AUDIT_READ), Set.of(own), null, "test")
                .text();
        RequestSpecification auditor = given().header("Circle-Token", token);
        String foreign = found("project", otherProject.project().slug()).get(0);
        String mine = found("project", own.toString()).get(0);

        // Then
        assertThat(given().header("Circle-Token", token).get("/api/trail").<List<String>>path("items.project_id"))
                .isNotEmpty()
                .containsOnly(own.toString());
        assertThat(given().header("Circle-Token", token)
                        .get("/api/trail?source=act")
                        .<List<String>>path("items"))
                .isEmpty();
        given().header("Circle-Token", token).get("/api/trail/" + mine).then().statusCode(200);
        given().header("Circle-Token", token)
                .get("/api/trail/" + foreign)
                .then()
                .statusCode(404);
        auditor.get("/api/trail?project=" + otherProject.project().slug())
                .then()
                .statusCode(404);
        String reader = tokens.create("reader", List.of(Scope.HISTORY_READ), null, null, "test")
                .text();
        given().header("Circle-Token", reader).get("/api/trail").then().statusCode(403);
        given().get("/api/trail").then().statusCode(401);
    }

    @Test
    void export_is_the_same_search_as_lines() {
        // Given
        makeUp(20_000, 0);
        Database.force(
                "update trail set event_id = ?, secret_id = ? where partition = ? and \"offset\" = 20000",
                "=HYPERLINK(\"http://198.51.100.7\",\"x\")",
                "\t-1",
                MADE_UP);
        List<String> all = stored("partition = " + MADE_UP);

        // When
        String csv = asAdmin()
                .param("project", project.toString())
                .accept("text/csv")
                .get("/api/trail")
                .asString();
        String ndjson = asAdmin()
                .params("project", project.toString(), "format", "ndjson")
                .get("/api/trail")
                .then()
                .contentType("application/x-ndjson")
                .header("Content-Disposition", "attachment; filename=\"trail.ndjson\"")
                .extract()
                .asString();

        // Then
        List<String> rows = csv.lines().toList();
        assertThat(rows.get(0))
                .isEqualTo(
                        "id,topic,partition,offset,appended_at,received_at,type,event_id,source,project_id,pipeline_id,"
                                + "workflow_id,job_id,actor,origin,secret_id,receipt,outcome,reason");
        assertThat(rows.subList(1, rows.size())).map(row -> row.split(",")[0]).isEqualTo(all);
        assertThat(rows.get(1))
                .contains(",\"'=HYPERLINK(\"\"http://198.51.100.7\"\",\"\"x\"\")\",")
                .contains(",'\t-1,");
        assertThat(ndjson.lines()
                        .map(line -> line.substring("{\"id\":\"".length(), line.indexOf("\",")))
                        .toList())
                .isEqualTo(all);
        assertThat(csv).endsWith("\r\n");
    }

    @Test
    void exports_that_nobody_reads_are_few_and_cut_off() throws Exception {
        // Given
        makeUp(20_000, 0);
        List<Socket> idle = new ArrayList<>();
        try {
            // When as many as may run wait for their readers
            for (int i = 0; i < 4; i++) {
                idle.add(openExport());
            }
            // Then
            await().untilAsserted(
                            () -> export().statusCode(503).body("detail", startsWith("Too many exports run at once")));
            // and who takes nothing for a while is cut off, so that there is room again
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> export().statusCode(200));
        } finally {
            for (Socket socket : idle) {
                socket.close();
            }
        }
    }

    private ValidatableResponse export() {
        return asAdmin()
                .params("project", project.toString(), "format", "csv")
                .get("/api/trail")
                .then();
    }

    /** An export of which no more than the head has been read. */
    private Socket openExport() throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4096);
        socket.connect(new InetSocketAddress("127.0.0.1", RestAssured.port));
        socket.getOutputStream()
                .write(("GET /api/trail?format=csv&project=%s HTTP/1.1\r\nHost: localhost\r\nCircle-Token: %s\r\n"
                                + "Connection: close\r\n\r\n")
                        .formatted(project, TestStores.TOKEN)
                        .getBytes(UTF_8));
        assertThat(new String(socket.getInputStream().readNBytes(15), UTF_8)).isEqualTo("HTTP/1.1 200 OK");
        return socket;
    }

    @Test
    void export_that_breaks_off_is_not_ended() throws Exception {
        // Given
        makeUp(20_000, 0);
        try (Socket whole = openExport();
                Socket broken = openExport();
                Connection connection = Database.administrator();
                Statement statement = connection.createStatement()) {
            assertThat(rest(whole)).endsWith("\r\n0\r\n\r\n");

            // When the database does not answer amid it
            connection.setAutoCommit(false);
            statement.execute("lock table trail in access exclusive mode");
            CompletableFuture<String> answer = CompletableFuture.supplyAsync(() -> rest(broken));
            await().until(() -> database.count("""
                    select count(pg_cancel_backend(pid)) from pg_stat_activity
                    where wait_event_type = 'Lock' and query like 'select topic, partition%from trail t where%'""") > 0);
            connection.rollback();

            // Then
            assertThat(answer.join()).contains("circleci.webhooks").doesNotContain("\r\n0\r\n\r\n", "about:blank");
        }
    }

    private static String rest(Socket socket) {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        try {
            socket.getInputStream().transferTo(read);
        } catch (IOException cut) {
            read.writeBytes("(cut)".getBytes(UTF_8));
        }
        return read.toString(UTF_8);
    }
}
