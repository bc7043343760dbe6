package dev.treering.audit;

import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.YearMonth;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

import jakarta.inject.Inject;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.TestStores;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.restassured.RestAssured;
import io.restassured.specification.RequestSpecification;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/** Whatever is done to the trail, by whomever, is found and named. {@code ProofReport} does the same to a million entries. */
@FlowTest
class VerificationTest {

    private static final int ENTRIES = 5_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    @Inject
    CheckpointJob checkpoints;

    @Inject
    RetentionJob retention;

    @Inject
    Database database;

    @Inject
    DataSource application;

    @Inject
    @io.quarkus.agroal.DataSource("owner")
    DataSource owner;

    private static JsonNode verify(int partition) throws Exception {
        return verify(partition, null);
    }

    /** The last line. */
    private static JsonNode verify(int partition, String publicKey) throws Exception {
        RequestSpecification request = RestAssured.given().auth().oauth2(TestStores.TOKEN);
        if (publicKey != null) {
            request.queryParam("public-key", publicKey);
        }
        String lines = request.queryParam("topic", Tampering.TOPIC)
                .queryParam("partition", partition)
                .get("/api/trail/verification")
                .then()
                .statusCode(200)
                .contentType("application/x-ndjson")
                .extract()
                .asString();
        return JSON.readTree(lines.substring(lines.stripTrailing().lastIndexOf('\n') + 1));
    }

    private static void intact(JsonNode report, int entries) {
        assertThat(report.path("state").asText()).as("%s", report).isEqualTo("intact");
        assertThat(report.path("entries").asInt()).isEqualTo(entries);
    }

    private static void broken(JsonNode report, String kind, long number) {
        assertThat(report.path("state").asText()).as("%s", report).isEqualTo("broken");
        assertThat(report.at("/broken/0/kind").asText()).as("%s", report).isEqualTo(kind);
        assertThat(report.at("/broken/0/number").asLong()).as("%s", report).isEqualTo(number);
    }

    @AfterEach
    void take_away_what_was_made_up() {
        Database.force("delete from trail where partition between 5001 and 5004");
        Database.force("delete from stream_position where partition between 5001 and 5004");
    }

    /** The beat may be at it just then, and not know of the chain yet. */
    private void makeCheckpoints(int partition) {
        await().until(() -> {
            QuarkusTransaction.requiringNew().call(checkpoints::makeThoseDue);
            return database.count("select count(*) from trail_checkpoint where partition = ?", partition) > 0;
        });
    }

    @Test
    void whatever_is_done_to_a_chain_is_found_at_its_first_entry() throws Exception {
        // Given
        int partition = 5001;
        try (Connection administrator = Database.administrator()) {
            Tampering.fill(administrator, partition, ENTRIES, Instant.parse("2026-11-01T00:00:00Z"));
            makeCheckpoints(partition);
            intact(verify(partition), ENTRIES);
            Tampering tampering = new Tampering(administrator, partition, ENTRIES);
            for (Tampering.Deed deed : tampering.deeds()) {
                // When
                tampering.commit(deed);
                // Then
                broken(verify(partition), deed.kind(), deed.number());
                tampering.undo();
            }
            // When all of it fits together, and yet is not what was signed
            tampering.rewriteEnd();
            // Then only a checkpoint says so
            broken(verify(partition), "contradicted", ENTRIES);
            tampering.undo();
            JsonNode report = verify(partition);
            intact(report, ENTRIES);
            assertThat(report.path("checkpoints").asInt()).isPositive();
        }
    }

    @Test
    void checkpoints_that_another_key_signed_hold_nothing() throws Exception {
        // Given
        int partition = 5002;
        try (Connection administrator = Database.administrator()) {
            Tampering.fill(administrator, partition, 10, Instant.parse("2026-11-01T00:00:00Z"));
        }
        makeCheckpoints(partition);
        KeyPair other = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();

        // When
        JsonNode report = verify(
                partition, Base64.getEncoder().encodeToString(other.getPublic().getEncoded()));

        // Then
        broken(report, "unsigned", 1);
        // and who has no key at all is known before anything is left unsigned
        assertThat(new Checkpoints(Map.of(), application, new Seal(CheckpointTest.Settings.of(null))).lackKey())
                .isTrue();
        assertThat(report.at("/broken/0/topic").asText()).isEqualTo("treering.checkpoints");
        assertThat(RestAssured.given()
                        .auth()
                        .oauth2(TestStores.TOKEN)
                        .get("/api/trail/verification?public-key=none")
                        .statusCode())
                .isEqualTo(400);
    }

    @Test
    void chain_that_does_not_exist_is_none_that_holds() throws Exception {
        // When
        JsonNode report = verify(4_999);
        // Then
        assertThat(report.path("state").asText()).as("%s", report).isEqualTo("failed");
        assertThat(report.path("problem").asText()).contains("no chain", "4999");
    }

    @Test
    void dropped_months_leave_an_anchor_from_which_the_chain_goes_on() throws Exception {
        // Given a chain over three months
        int partition = 5003;
        try (Connection administrator = Database.administrator();
                Statement statement = administrator.createStatement()) {
            Tampering.fill(administrator, partition, 1_000, Instant.parse("2019-01-31T23:59:00Z"));
            // When
            retention.dropBefore(YearMonth.of(2019, 2));
            // Then
            assertThat(database.value("select to_regclass('trail_2019_01')::text"))
                    .isNull();
            intact(verify(partition), 1_000 - 599);
            statement.execute("create temp table anchors as select * from trail_anchor where partition = " + partition);
            // When nobody has signed the anchor
            statement.execute("update trail_anchor set signature = null where partition = " + partition);
            // Then
            broken(verify(partition), "unsigned", 1);
            // When there is none
            statement.execute("delete from trail_anchor where partition = " + partition);
            // Then
            broken(verify(partition), "deleted", 1);
            // When there is one that leads nowhere
            statement.execute("insert into trail_anchor select * from anchors");
            statement.execute("update trail_anchor set last = first - 1 where partition = " + partition);
            // Then
            broken(verify(partition), "deleted", 1);
            statement.execute("delete from trail_anchor where partition = " + partition);
            statement.execute("insert into trail_anchor select * from anchors");
            // When the rest goes too
            retention.dropBefore(YearMonth.of(2019, 3));
            // Then
            assertThat(database.count("select count(*) from trail where partition = ?", partition))
                    .isZero();
            intact(verify(partition), 0);
        }
    }

    @Test
    void who_runs_the_service_can_only_add_to_the_trail() throws Exception {
        // Given
        try (Connection administrator = Database.administrator()) {
            Tampering.fill(administrator, 5004, 1, Instant.parse("2026-11-01T00:00:00Z"));
        }
        List<String> attempts = List.of(
                "update trail set body = null where partition = 5004",
                "delete from trail where partition = 5004",
                "truncate trail",
                "delete from trail_2026_11 where partition = 5004",
                "truncate trail_2026_11",
                "delete from trail_anchor",
                "alter table trail disable trigger guard",
                "drop table trail_2026_11");
        // When, Then
        for (String attempt : attempts) {
            refused(application, attempt, "42501");
        }
        refused(application, "set treering.erasing = 'on'; delete from trail", "42501");
        // The owner neither, unless it first takes away the guard
        for (String attempt : attempts.subList(0, 5)) {
            refused(owner, attempt, "42501");
        }
        refused(owner, "set local treering.erasing = 'on'; update trail set body = null, type = 'x'", "42501");
        assertThat(database.count("select count(*) from trail where partition = 5004"))
                .isOne();
    }

    private static void refused(DataSource login, String sql, String state) throws SQLException {
        try (Connection connection = login.getConnection()) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                assertThatThrownBy(() -> statement.execute(sql))
                        .as(sql)
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo(state));
            } finally {
                connection.rollback();
            }
        }
    }
}
