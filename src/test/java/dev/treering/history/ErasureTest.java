package dev.treering.history;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;

import jakarta.inject.Inject;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Payloads;
import dev.treering.Signed;
import dev.treering.TestStores;
import dev.treering.event.Topics;
import dev.treering.support.Rows;
import io.restassured.RestAssured;
import io.restassured.response.ValidatableResponse;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;

/** Who is erased is nowhere any more, and nothing else is another than before. */
@FlowTest
class ErasureTest {

    private static final long NOON = 1_795_521_600_000L;
    private static final ObjectMapper JSON = new ObjectMapper();

    @Inject
    HistoryWriter writer;

    @Inject
    Database database;

    @Inject
    @io.quarkus.agroal.DataSource("owner")
    DataSource owner;

    private final String mark = UUID.randomUUID().toString().substring(0, 8);
    private final String name = "Gone " + mark;
    private final String email = "gone-%s@example.com".formatted(mark);
    private final String login = "gone" + mark;
    private final String second = "second-%s@example.com".formatted(mark);
    private final UUID project = UUID.randomUUID();
    private final UUID pipeline = UUID.randomUUID();
    private final UUID other = UUID.randomUUID();

    private static Fact fact(String topic, int partition, long offset, String key, String body) {
        byte[] value = body.getBytes(UTF_8);
        return Fact.of(new ConsumerRecord<>(
                topic,
                partition,
                offset,
                NOON + offset,
                TimestampType.LOG_APPEND_TIME,
                0,
                value.length,
                key.getBytes(UTF_8),
                value,
                new RecordHeaders(),
                Optional.empty()));
    }

    private String github(UUID event) {
        return new String(Payloads.webhook("github-workflow-completed"), UTF_8)
                .replace("9d3c5e71-5555-3a40-b1f2-3d4e5f6a7b05", event.toString())
                .replace(
                        "e4a7b2c9-4444-4b8f-8d6e-2c3e4f5a6b04",
                        UUID.randomUUID().toString())
                .replace("c81e0f3a-3333-4e21-a7c4-1b2d3f4a5c03", pipeline.toString())
                .replace("5b1d7e90-2222-4f3a-9b20-7c4d8e6f0a02", project.toString())
                .replaceFirst("dev@example.com", email)
                .replaceFirst("Dev Example", name)
                .replace("dev@example.com", second)
                .replace("One a year.", "One a year.\\n\\nSigned-off-by: %s <%s>".formatted(name, email));
    }

    private String gitlab() {
        return new String(Payloads.webhook("gitlab-workflow-completed"), UTF_8)
                .replace(
                        "5d0e2f30-1717-31a6-9738-192a3b4c5d21",
                        UUID.randomUUID().toString())
                .replace(
                        "28ebf603-1818-4fc3-91a2-2a3b4c5d6e22",
                        UUID.randomUUID().toString())
                .replace("0c52437e-1919-4265-abf8-3b4c5d6e7f23", other.toString())
                .replace("7d3f90b2-1616-4b5c-9d42-80192a3b4c20", project.toString())
                .replace("dev@example.com", email)
                .replace("Dev Example", name)
                .replace("dev-example", login)
                .replace("Twice.", "Twice, says " + email);
    }

    private String snapshot() {
        return """
                {"id": "%s", "observed_at": "2026-03-02T09:20:00Z", "source": "api", "project_id": "%s",
                 "pipeline": {"id": "%s", "number": 41, "project_slug": "gh/acme/web", "state": "created",
                   "created_at": "2026-03-02T09:15:02.118Z", "updated_at": "2026-03-02T09:15:03Z", "errors": [],
                   "trigger": {"type": "webhook", "received_at": "2026-03-02T09:15:00Z",
                     "actor": {"login": "%s", "avatar_url": "https://avatars.example.com/%s"}}}}""".formatted(UUID.randomUUID(), project, pipeline, login, login);
    }

    private static JsonNode erase(boolean dryRun, Object subject) throws Exception {
        String lines = RestAssured.given()
                .auth()
                .oauth2(TestStores.TOKEN)
                .contentType("application/json")
                .body(subject)
                .post("/api/trail/erasures?dry_run=" + dryRun)
                .then()
                .statusCode(200)
                .extract()
                .asString();
        return JSON.readTree(lines.substring(lines.stripTrailing().lastIndexOf('\n') + 1));
    }

    private static ValidatableResponse refused(String query, Object subject) {
        return RestAssured.given()
                .auth()
                .oauth2(TestStores.TOKEN)
                .contentType("application/json")
                .body(subject)
                .post("/api/trail/erasures" + query)
                .then();
    }

    private static JsonNode verified(int partition) throws Exception {
        String lines = RestAssured.given()
                .auth()
                .oauth2(TestStores.TOKEN)
                .get("/api/trail/verification?partition=" + partition)
                .asString();
        return JSON.readTree(lines.substring(lines.stripTrailing().lastIndexOf('\n') + 1));
    }

    /** The tables that have the word somewhere, in text or in bytes. */
    private List<String> tablesWith(String word) throws SQLException {
        List<String> found = new ArrayList<>();
        try (Connection connection = owner.getConnection()) {
            List<String> tables = new ArrayList<>();
            try (ResultSet row = connection
                    .createStatement()
                    .executeQuery("select tablename from pg_tables where schemaname = 'public'")) {
                while (row.next()) {
                    tables.add(row.getString(1));
                }
            }
            for (String table : tables) {
                try (PreparedStatement statement = connection.prepareStatement(
                        "select count(*) from %s x where position(? in x::text) > 0 or position(? in x::text) > 0"
                                .formatted(table))) {
                    statement.setString(1, word);
                    statement.setString(2, HexFormat.of().formatHex(word.getBytes(UTF_8)));
                    ResultSet row = statement.executeQuery();
                    row.next();
                    if (row.getLong(1) > 0) {
                        found.add(table);
                    }
                }
            }
        }
        return found;
    }

    /** The pipeline as it is, and as the trail tells it. */
    private List<String> liveAndRegrown(UUID id, int partition) throws SQLException {
        try (Connection connection = owner.getConnection()) {
            connection.setAutoCommit(false);
            try {
                String live = row(connection, id);
                Rows.execute(connection, "delete from pipeline where id = ?", id);
                List<Row> told = new ArrayList<>();
                try (PreparedStatement statement = connection.prepareStatement(
                        "select topic, coalesce(body, redacted_body), erased_digest from trail where partition = ?")) {
                    statement.setInt(1, partition);
                    ResultSet entry = statement.executeQuery();
                    while (entry.next()) {
                        Fact read = fact(entry.getString(1), partition, 0, "", new String(entry.getBytes(2), UTF_8));
                        byte[] digest = entry.getBytes(3) == null ? read.digest() : entry.getBytes(3);
                        HistoryWriter.Judged judged = HistoryWriter.judge(new Fact(
                                read.topic(),
                                partition,
                                0,
                                read.appendedAt(),
                                null,
                                null,
                                null,
                                null,
                                null,
                                null,
                                null,
                                null,
                                read.body(),
                                digest,
                                null,
                                null));
                        if (judged.content() != null) {
                            told.addAll(judged.content().rows());
                        }
                    }
                }
                Upsert.merge(
                        connection,
                        Table.PIPELINE,
                        HistoryWriter.merged(told).get(Table.PIPELINE).values());
                return List.of(live, row(connection, id));
            } finally {
                connection.rollback();
            }
        }
    }

    private static String row(Connection connection, UUID id) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select to_jsonb(p)::text from pipeline p where id = ?")) {
            statement.setObject(1, id);
            ResultSet row = statement.executeQuery();
            row.next();
            return row.getString(1);
        }
    }

    @Test
    void person_is_gone_from_every_table_and_the_chain_and_a_regrown_history_are_as_before() throws Exception {
        // Given what names a person in every way: commit, free text, trigger parameters, actor, a body that is no JSON
        int partition = 4730;
        String key = project.toString();
        writer.record(List.of(
                fact(Topics.WEBHOOKS, partition, 0, key, github(UUID.randomUUID())),
                fact(Topics.WEBHOOKS, partition, 1, key, gitlab()),
                fact(Topics.WEBHOOKS, partition, 2, key, "{\"type\": \"ping\", \"by\": " + email)));
        writer.record(List.of(fact(Topics.SNAPSHOTS, partition, 0, key, snapshot())));
        List<String> before = liveAndRegrown(pipeline, partition);
        assertThat(before.get(1)).isEqualTo(before.get(0)).contains(email, name, login);
        assertThat(tablesWith(email)).contains("trail", "pipeline");

        // When it is planned
        JsonNode plan = erase(true, Map.of("person", List.of(email, login)));
        // Then nothing is changed, and other words for the person are told
        assertThat(plan.path("state").asText()).isEqualTo("planned");
        assertThat(plan.path("entries").asInt()).as("%s", plan).isEqualTo(4);
        assertThat(plan.path("oldest").asText()).isEqualTo("2026-11-24T12:00:00Z");
        assertThat(plan.path("newest").asText()).isEqualTo("2026-11-24T12:00:00.002Z");
        assertThat(plan.path("beside").toString()).contains(name.toLowerCase(Locale.ROOT));
        assertThat(liveAndRegrown(pipeline, partition)).isEqualTo(before);

        // When it is done
        JsonNode done = erase(false, Map.of("person", List.of(email, login, name)));
        // Then
        assertThat(done.path("state").asText()).as("%s", done).isEqualTo("done");
        assertThat(done.path("entries").asInt()).isEqualTo(4);
        for (String word : List.of(email, login, name)) {
            assertThat(tablesWith(word)).as(word).isEmpty();
        }
        for (UUID id : List.of(pipeline, other)) {
            List<String> after = liveAndRegrown(id, partition);
            assertThat(after.get(1)).isEqualTo(after.get(0)).contains("\"author_email\": \"erased\"");
        }
        assertThat(row("commit_subject, committer_email, revision, trigger_actor_login"))
                .isEqualTo("(\"Grow a ring\",%s,3f1c2b7a9d5e4f60812233445566778899aabbcc,erased)".formatted(second));
        assertThat(row("commit_body")).contains("One a year.", "Signed-off-by: erased <erased>");
        JsonNode report = verified(partition);
        assertThat(report.path("state").asText()).as("%s", report).isEqualTo("intact");
        assertThat(report.path("erased").asInt()).isEqualTo(4);

        // When somebody else who stands in the same entry goes too, and then everybody in the project
        erase(false, Map.of("person", List.of(second)));
        JsonNode everybody = erase(false, Map.of("project", key));
        // Then
        assertThat(tablesWith(second)).isEmpty();
        assertThat(everybody.path("state").asText()).isEqualTo("done");
        assertThat(database.count(
                        "select count(*) from trail where partition = ? and convert_from(redacted_body, 'UTF8') like '%%Dev Example%%'",
                        partition))
                .isZero();
        assertThat(liveAndRegrown(pipeline, partition))
                .satisfies(rows -> assertThat(rows.get(1)).isEqualTo(rows.get(0)));
        assertThat(verified(partition).path("state").asText()).isEqualTo("intact");
    }

    private String row(String columns) {
        return database.value("select (%s)::text from pipeline where id = ?".formatted(columns), pipeline);
    }

    @Test
    void erased_entry_takes_the_copies_of_its_delivery_along() throws Exception {
        // Given
        int partition = 4731;
        String body = github(UUID.randomUUID());
        writer.record(List.of(
                fact(Topics.WEBHOOKS, partition, 0, project.toString(), body),
                fact(Topics.WEBHOOKS, partition, 1, project.toString(), body)));
        // When
        JsonNode done =
                erase(false, Map.of("entry", Map.of("topic", Topics.WEBHOOKS, "partition", partition, "offset", 1)));
        // Then
        assertThat(done.path("entries").asInt()).isEqualTo(2);
        assertThat(tablesWith(email)).isEmpty();
        assertThat(verified(partition).path("state").asText()).isEqualTo("intact");
    }

    @Test
    void person_goes_from_rows_whose_month_of_the_trail_was_dropped_too() throws Exception {
        // Given
        int partition = 4732;
        String key = project.toString();
        writer.record(List.of(
                fact(Topics.WEBHOOKS, partition, 0, key, github(UUID.randomUUID())),
                fact(Topics.WEBHOOKS, partition, 1, key, gitlab())));
        writer.record(List.of(fact(Topics.SNAPSHOTS, partition, 0, key, snapshot())));
        Database.force("delete from trail where partition = ?", partition);
        String stamps = row("commit_stamp, author_stamp, details_stamp, parameters_stamp, branch, revision");
        assertThat(tablesWith(email)).containsExactly("pipeline");

        // When
        JsonNode plan = erase(true, Map.of("person", List.of(email, login, name)));
        // Then
        assertThat(plan.path("rows").asInt()).as("%s", plan).isEqualTo(2);
        assertThat(tablesWith(email)).isNotEmpty();

        // When
        JsonNode done = erase(false, Map.of("person", List.of(email, login, name)));
        // Then
        assertThat(done.path("rows").asInt()).as("%s", done).isEqualTo(2);
        for (String word : List.of(email, login, name)) {
            assertThat(tablesWith(word)).as(word).isEmpty();
        }
        assertThat(row("commit_subject, author_email, committer_email, trigger_actor_login, trigger_actor_avatar"))
                .isEqualTo("(\"Grow a ring\",erased,%s,erased,)".formatted(second));
        assertThat(row("commit_stamp, author_stamp, details_stamp, parameters_stamp, branch, revision"))
                .isEqualTo(stamps);

        // When everybody goes
        erase(false, Map.of("project", key));
        // Then
        assertThat(tablesWith(second)).isEmpty();
        assertThat(database.count(
                        "select count(*) from pipeline where project_id = ? and to_jsonb(pipeline)::text like '%@example.com%'",
                        project))
                .isZero();
    }

    @Test
    void what_the_trail_has_not_read_yet_is_waited_for_or_said() throws Exception {
        // Given a history that is held up
        try (Connection holder = owner.getConnection()) {
            holder.setAutoCommit(false);
            Rows.execute(holder, "lock table stream_position in exclusive mode");
            Signed.post(github(UUID.randomUUID()).getBytes(UTF_8)).then().statusCode(202);
            // When
            JsonNode done = erase(false, Map.of("person", List.of(email)));
            // Then
            assertThat(done.path("problem").asText()).as("%s", done).contains("not in the trail yet", "ask again");
            // When it goes on meanwhile
            String before = database.value("select clock_timestamp()::text");
            CompletableFuture<JsonNode> erased = erasing(Map.of("person", List.of(email)));
            await().until(() -> database.count(
                            "select count(*) from pg_stat_activity where query like 'select coalesce(sum(greatest(0, e.o%'"
                                    + " and query_start > ?::timestamptz",
                            before)
                    > 0);
            assertThat(erased).isNotDone();
            holder.rollback();
            // Then it was found, unless the machine stood still for longer than is waited; what is said then is done
            JsonNode found = erased.join();
            int entries = found.path("entries").asInt();
            for (int asked = 1; asked < 6 && found.hasNonNull("problem"); asked++) {
                assertThat(found.path("problem").asText()).contains("not in the trail yet", "ask again");
                found = erase(false, Map.of("person", List.of(email)));
                entries += found.path("entries").asInt();
            }
            assertThat(entries).as("%s", found).isEqualTo(1);
        }
        await().untilAsserted(() -> assertThat(tablesWith(email)).isEmpty());
    }

    private static CompletableFuture<JsonNode> erasing(Object subject) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return erase(false, subject);
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
    }

    @Test
    void copy_of_an_erased_entry_that_waits_for_kafka_is_redacted_too() throws Exception {
        // Given a record that the relay leaves to whoever added it
        int partition = 4733;
        String body = github(UUID.randomUUID());
        writer.record(List.of(fact(Topics.WEBHOOKS, partition, 0, project.toString(), body)));
        Rows.execute(
                owner,
                "insert into outbox (topic, key, headers, value, leased_until) values (?, 'k', '{}', ?, now() + interval '5 min')",
                Topics.WEBHOOKS,
                body.getBytes(UTF_8));
        try {
            // When
            JsonNode done = erase(
                    false, Map.of("entry", Map.of("topic", Topics.WEBHOOKS, "partition", partition, "offset", 0)));
            // Then
            assertThat(done.path("entries").asInt()).as("%s", done).isEqualTo(1);
            assertThat(done.path("waiting").asInt()).isEqualTo(1);
            assertThat(tablesWith(email)).isEmpty();
        } finally {
            database.change("delete from outbox where key = 'k' and leased_until is not null");
        }
    }

    @Test
    void place_without_an_entry_and_acts_are_not_said_to_be_erased() throws Exception {
        for (String topic : List.of(Topics.WEBHOOKS, Topics.ACTS)) {
            refused("", Map.of("entry", Map.of("topic", topic, "partition", 0, "offset", 1_000_000_000)))
                    .statusCode(404);
        }
        await().until(() -> database.count("select count(*) from trail where topic = ?", Topics.ACTS) > 0);
        List<String> act =
                List.of(database.value("select partition || ' ' || \"offset\" from trail where topic = ?", Topics.ACTS)
                        .split(" "));
        refused("", Map.of("entry", Map.of("topic", Topics.ACTS, "partition", act.get(0), "offset", act.get(1))))
                .statusCode(404);
    }

    @Test
    void whoever_may_have_meant_a_plan_has_nothing_done() {
        for (String query :
                List.of("?dry_run=1", "?dry_run=yes", "?dry_run=", "?dry_run", "?dry_run=false&dry_run=true")) {
            refused(query, Map.of("person", List.of(email))).statusCode(400).body("detail", containsString("dry_run"));
        }
    }

    @Test
    void record_that_waits_for_kafka_is_redacted_too() throws Exception {
        // Given a record that the relay cannot take, for somebody holds it
        JsonNode done;
        try (Connection holder = owner.getConnection()) {
            holder.setAutoCommit(false);
            do {
                Rows.execute(
                        holder,
                        "insert into outbox (topic, key, headers, value) values (?, 'k', '{}', ?)",
                        Topics.WEBHOOKS,
                        "{\"type\": \"ping\", \"note\": \"from %s\"}"
                                .formatted(email)
                                .getBytes(UTF_8));
                holder.commit();
            } while (Rows.execute(
                            holder,
                            "update outbox set attempts = attempts where position(? in value) > 0",
                            email.getBytes(UTF_8))
                    == 0);
            // When the erasure waits for it too
            CompletableFuture<JsonNode> erased = erasing(Map.of("person", List.of(email)));
            await().untilAsserted(() -> assertThat(database.count("select count(*) from pg_locks where not granted"))
                    .isPositive());
            holder.commit();
            done = erased.join();
        }
        // Then what comes into the trail does not name the person
        assertThat(done.path("waiting").asInt()).as("%s", done).isPositive();
        await().untilAsserted(() -> assertThat(database.count(
                        "select count(*) from trail where key = 'k' and position('from erased'::bytea in body) > 0"))
                .isPositive());
    }

    @Test
    void erasure_without_a_subject_or_with_a_word_too_short_is_refused() {
        for (Object subject : List.of(
                Map.of(),
                Map.of("person", List.of("ab")),
                Map.of("person", List.of()),
                Map.of("project", "nonsense"),
                Map.of("person", List.of("abc"), "project", "gh/acme/web"))) {
            refused("", subject).statusCode(400);
        }
    }
}
