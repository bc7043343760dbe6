package dev.treering.webhook;

import java.io.InputStream;
import java.net.Socket;
import java.util.Arrays;
import java.util.Locale;
import java.util.UUID;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.Signed;
import dev.treering.TestStores;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.notNullValue;

@FlowTest
class WebhookDoorTest {

    @Inject
    Database database;

    private static byte[] ping() {
        return """
                {"type": "ping", "id": "%s", "happened_at": "2026-11-20T10:00:00.123456Z",
                 "webhook": {"id": "%s", "name": "test"}}""".formatted(UUID.randomUUID(), UUID.randomUUID()).getBytes(UTF_8);
    }

    @Test
    void aSignedWebhook_isAcceptedAndInTheTrail() {
        // When
        Response answer = Signed.post(ping());
        // Then
        answer.then()
                .statusCode(202)
                .contentType("application/json")
                .body("id", notNullValue())
                .body("receipt", notNullValue())
                .body("status", equalTo("accepted"));
        await().untilAsserted(() -> assertThat(database.value(
                        "select outcome from trail where receipt = ?",
                        answer.jsonPath().getString("receipt")))
                .isEqualTo("applied"));
    }

    @Test
    void anyOfTheSecrets_verifiesAndIsNamedInTheTrail() {
        // When
        String first = Signed.post("/webhooks/circleci", ping(), TestStores.SECRET)
                .then()
                .statusCode(202)
                .extract()
                .path("receipt");
        String second = Signed.post("/webhooks/circleci", ping(), TestStores.SECOND_SECRET)
                .then()
                .statusCode(202)
                .extract()
                .path("receipt");
        // Then
        String sql = "select secret_id from trail where receipt = ?";
        await().untilAsserted(() -> assertThat(database.value(sql, first)).hasSize(8));
        await().untilAsserted(() ->
                assertThat(database.value(sql, second)).hasSize(8).isNotEqualTo(database.value(sql, first)));
    }

    @Test
    void anotherEndpoint_hasItsOwnSecret() {
        Signed.post("/webhooks/circleci/other", ping(), TestStores.OTHER_ENDPOINT_SECRET)
                .then()
                .statusCode(202);
        Signed.post("/webhooks/circleci/other", ping(), TestStores.SECRET)
                .then()
                .statusCode(401);
        Signed.post("/webhooks/circleci/nobody", ping(), TestStores.SECRET)
                .then()
                .statusCode(404)
                .contentType("application/problem+json");
    }

    @Test
    @Tag("F10")
    void everyBadSignature_getsTheSameAnswer() {
        byte[] body = ping();
        String good = Signed.signature(body, TestStores.SECRET);
        String[] bad = {
            null,
            "",
            "v1=",
            "v1=" + good.substring(2),
            "v1=" + good + ",v1=" + good,
            "v2=" + good,
            "v1=" + good.toUpperCase(Locale.ROOT),
            "v1=" + "0".repeat(64),
            good,
            ",".repeat(1000)
        };
        for (String signature : bad) {
            // When
            var request = given().contentType("application/json").body(body);
            if (signature != null) {
                request.header("circleci-signature", signature);
            }
            Response answer = request.post("/webhooks/circleci");
            // Then
            answer.then()
                    .statusCode(401)
                    .contentType("application/problem+json")
                    .body("title", equalTo("Unauthorized"))
                    .body("detail", equalTo("The signature does not verify"));
        }
        given().contentType("application/json")
                .header("circleci-signature", "v1=" + good)
                .header("circleci-signature", "v1=" + good)
                .body(body)
                .post("/webhooks/circleci")
                .then()
                .statusCode(401);
        // and nothing of them reached Kafka: in the trail there is the one that follows, alone
        String receipt = Signed.post(body).then().statusCode(202).extract().path("receipt");
        await().untilAsserted(() -> assertThat(database.value("""
                        select string_agg(receipt, ' ') from trail
                        where event_id = (select event_id from trail where receipt = ?)""", receipt)).isEqualTo(receipt));
    }

    @Test
    void oddBytes_areVerifiedAsTheyAre() {
        // Given spacing, key order and escapes that no serialiser would write again
        byte[] body = ("  {\"happened_at\" :\t\"2026-11-20T10:00:00Z\",\"type\":\"pin\\u0067\",\"id\": \""
                        + UUID.randomUUID() + "\"}\n\n")
                .getBytes(UTF_8);
        // Then
        Signed.post(body).then().statusCode(202);
    }

    @Test
    @Tag("F20")
    void signedGarbage_isAcceptedAndBecomesADeadLetter() {
        // When
        String receipt = Signed.post(new byte[] {(byte) 0xff, 0, 1, 2, '{'})
                .then()
                .statusCode(202)
                .extract()
                .path("receipt");
        // Then
        await().untilAsserted(() -> assertThat(database.value("""
                        select d.reason || ' ' || t.outcome from trail t join dead_letter d
                            using (topic, partition, "offset") where t.receipt = ?""", receipt)).isEqualTo("unreadable dead"));
    }

    @Test
    @Tag("F14")
    void anUnknownEventType_isAcceptedAndKeptAsUnrecognised() {
        byte[] body =
                new String(ping(), UTF_8).replace("ping", "pipeline-started").getBytes(UTF_8);
        String receipt = Signed.post(body).then().statusCode(202).extract().path("receipt");
        await().untilAsserted(() -> assertThat(database.value("""
                        select d.reason from trail t join dead_letter d using (topic, partition, "offset")
                        where t.receipt = ?""", receipt)).isEqualTo("unrecognised"));
    }

    @Test
    void anotherMediaType_isRefused() {
        given().contentType("text/plain")
                .body("x")
                .post("/webhooks/circleci")
                .then()
                .statusCode(415);
        given().contentType("application/json")
                .header("content-encoding", "gzip")
                .body(ping())
                .post("/webhooks/circleci")
                .then()
                .statusCode(415)
                .body("detail", containsString("application/json"));
    }

    @Test
    @Tag("F11")
    void aBodyOfTheLimit_isAcceptedAndOneMoreByteIsNot() {
        byte[] atTheLimit = new byte[900 * 1024];
        Arrays.fill(atTheLimit, (byte) ' ');
        byte[] ping = ping();
        System.arraycopy(ping, 0, atTheLimit, 0, ping.length);
        Signed.post(atTheLimit).then().statusCode(202);
        byte[] above = Arrays.copyOf(atTheLimit, atTheLimit.length + 1);
        Signed.post(above)
                .then()
                .statusCode(413)
                .contentType("application/problem+json")
                .body("detail", containsString("921600 bytes"));
    }

    @Test
    @Tag("F11")
    @Tag("F12")
    void aChunkedBodyWithoutEnd_isCutAtTheLimit() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", RestAssured.port)) {
            socket.setSoTimeout(10_000);
            var out = socket.getOutputStream();
            out.write(
                    "POST /webhooks/circleci HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                            .getBytes(UTF_8));
            byte[] chunk = ("8000\r\n" + "x".repeat(0x8000) + "\r\n").getBytes(UTF_8);
            // 32 chunks of 32 kB are more than 900 kB; the end never comes
            for (int i = 0; i < 32; i++) {
                out.write(chunk);
            }
            out.flush();
            InputStream in = socket.getInputStream();
            assertThat(new String(in.readNBytes(12), UTF_8)).isEqualTo("HTTP/1.1 413");
        }
    }
}
