package dev.treering.notification;

import java.util.List;
import java.util.Map;
import java.util.UUID;

import jakarta.inject.Inject;

import dev.treering.FlowTest;
import dev.treering.TestStores;
import dev.treering.security.Scope;
import dev.treering.security.Tokens;
import dev.treering.support.Vault;
import dev.treering.support.VaultKeys;
import io.quarkus.mailer.Mail;
import io.quarkus.mailer.MockMailbox;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;

@FlowTest
class ChannelsTest extends NotificationTest {

    @Inject
    MockMailbox mailbox;

    @Inject
    Tokens tokens;

    @Inject
    Channels channels;

    private static final String NEWER = "YSBuZXdlciBrZXkgb2YgdGVzdHMsIDMyIGJ5dGVzLi4=";

    private final String path = path();

    @Test
    void aChannel_keepsItsSecretsToItselfAndTheTablesHoldNone() {
        // When
        String secret = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=";
        String id = create(Map.of("url", receiver.url(path), "secret", secret))
                .statusCode(201)
                .body("secret", equalTo(secret))
                .body("target", equalTo("127.0.0.1"))
                .extract()
                .path("id");
        // Then
        String listed = admin().get(CHANNELS).asString();
        assertThat(listed).contains(id).doesNotContain(path, secret);
        String dump = database.value("select string_agg(c::text, ' ') from notification_channel c");
        assertThat(dump).contains(id).doesNotContain(path, secret, "127.0.0.1", "whsec", "http");
    }

    @Test
    void aRotatedSecret_signsBesideTheOldOneUntilThatIsTakenAway() throws Exception {
        String id = channel("webhook", path);
        String old =
                admin().get(CHANNELS).then().extract().path("items.find { it.id == '%s' }.secret_ids[0]".formatted(id));
        String secret = admin().body("{}")
                .post(CHANNELS + "/" + id + "/secrets")
                .then()
                .statusCode(201)
                .body("secret", startsWith("whsec_"))
                .extract()
                .path("secret");
        admin().body("{}")
                .post(CHANNELS + "/" + id + "/secrets")
                .then()
                .statusCode(409)
                .body("detail", containsString("take the old one away"));
        // When
        add(id);
        await().until(() -> receiver.received(path).size() == 1);
        var received = receiver.received(path).get(0);
        String mine = Signing.sign(
                List.of(secret),
                received.headers().getFirst("webhook-id"),
                Long.parseLong(received.headers().getFirst("webhook-timestamp")),
                received.body());
        assertThat(received.headers().getFirst("webhook-signature").split(" "))
                .hasSize(2)
                .contains(mine);
        // and the old one goes
        admin().delete(CHANNELS + "/" + id + "/secrets/" + old).then().statusCode(204);
        admin().delete(CHANNELS + "/" + id + "/secrets/" + old).then().statusCode(404);
        admin().delete(CHANNELS + "/" + id + "/secrets/" + Signing.id(secret))
                .then()
                .statusCode(409);
        add(id);
        await().until(() -> receiver.received(path).size() == 2);
        assertThat(receiver.received(path).get(1).headers().getFirst("webhook-signature"))
                .doesNotContain(" ");
    }

    @Test
    void aTest_goesTheWayOfAllMessages() {
        receiver.answer(path, SlackRules.slack());
        String id = channel("slack", path);
        String delivery = admin().post(CHANNELS + "/" + id + "/test")
                .then()
                .statusCode(202)
                .body("state", equalTo("pending"))
                .header("Location", containsString(DELIVERIES))
                .extract()
                .path("id");
        await().untilAsserted(
                        () -> admin().get(DELIVERIES + "/" + delivery).then().body("state", equalTo("sent")));
        assertThat(receiver.received(path).get(0).body()).contains("a test of the channel");
    }

    @Test
    void anEMail_saysWhatSlackSaysAsPlainText() throws Exception {
        String id = create(Map.of("kind", "email", "to", List.of("web@example.com", "ops@example.com")))
                .statusCode(201)
                .body("target", equalTo("web@example.com, ops@example.com"))
                .extract()
                .path("id");
        Message message = add(id);
        await().untilAsserted(() -> assertThat(state(id, message)).isEqualTo("sent after 1"));
        Mail mail = mailbox.getMailsSentTo("ops@example.com").get(0);
        assertThat(mail.getFrom()).isEqualTo("treering@example.com");
        assertThat(mail.getSubject()).isEqualTo("[Treering] ❌ Failed: gh/acme/web / main (build)");
        assertThat(mail.getHtml()).isNull();
        assertThat(mail.getText())
                .contains(
                        "workflow https://app.circleci.com/",
                        "1 failed job: deploy https://circleci.com/gh/acme/web/41");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"kind\":\"pager\"} | 'kind' must be",
                "{\"kind\":\"slack\"} | 'url'",
                "{\"kind\":\"slack\",\"url\":\"https://10.0.0.1/\"} | 'url'",
                "{\"kind\":\"webhook\",\"url\":\"https://ci.example.com/\",\"secret\":\"word\"} | 'secret'",
                "{\"kind\":\"email\"} | 'to'",
                "{\"kind\":\"email\",\"to\":[\"a@b.example\\r\\nBcc: c@d.example\"]} | 'to'",
                "{\"kind\":\"email\",\"to\":[\"a@b.example,c@d.example\"]} | 'to'",
                "{\"name\":\" \"} | 'name'",
                "{\"name\":\"a\\u202eb\"} | 'name'",
                "{\"urls\":\"https://ci.example.com/\"} | 'urls' is unknown"
            })
    void whatIsNoChannel_isRefusedWithWhatIsWrong(String body, String detail) {
        String named = body.contains("name") || body.contains("urls") ? body : body.replace("{", "{\"name\":\"ops\",");
        admin().body(named).post(CHANNELS).then().statusCode(400).body("detail", containsString(detail));
    }

    @Test
    void aName_isTakenOnceAndMayChange() {
        String name = "ops " + UUID.randomUUID();
        String id = create(Map.of("name", name, "url", receiver.url(path)))
                .statusCode(201)
                .extract()
                .path("id");
        create(Map.of("name", name, "url", receiver.url(path)))
                .statusCode(409)
                .body("detail", containsString("already"));
        String other = path();
        admin().body(Map.of("name", name + "!", "url", receiver.url(other)))
                .patch(CHANNELS + "/" + id)
                .then()
                .statusCode(200)
                .body("name", equalTo(name + "!"));
        admin().body(Map.of("to", List.of("a@b.example")))
                .patch(CHANNELS + "/" + id)
                .then()
                .statusCode(400);
        admin().post(CHANNELS + "/" + id + "/test").then().statusCode(202);
        await().until(() -> receiver.received(other).size() == 1);
        admin().delete(CHANNELS + "/" + id).then().statusCode(204);
        admin().delete(CHANNELS + "/" + id).then().statusCode(404);
        assertThat(database.count(
                        "select count(*) from notification_delivery where channel_id = ?", UUID.fromString(id)))
                .isZero();
    }

    @Test
    void whoIsLimitedToProjects_seesNoChannel() throws Exception {
        String token = tokens.create(
                        "web", List.of(Scope.NOTIFY_ADMIN), java.util.Set.of(UUID.randomUUID()), null, "test")
                .text();
        for (String door : List.of(CHANNELS, DELIVERIES, DELIVERIES + "/" + UUID.randomUUID())) {
            given().header("Circle-Token", token).get(door).then().statusCode(403);
        }
    }

    @Test
    void aChannelThatNoKeyOpens_isSaidAndGetsItsAddressAnew() throws Exception {
        // Given a row that was sealed with a key which is gone
        String id = channel("webhook", path);
        UUID uuid = UUID.fromString(id);
        database.change(
                "update notification_channel set target = '00000000.' || split_part(target, '.', 2) where id = ?",
                uuid);
        // Then it says so, and nothing else is disturbed
        admin().get(CHANNELS)
                .then()
                .statusCode(200)
                .body("items.find { it.id == '%s' }.target".formatted(id), nullValue());
        Message message = add(id);
        await().untilAsserted(() -> admin().get(DELIVERIES + "/" + delivery(id, message))
                .then()
                .body("last_error", containsString("sealed with the key 00000000")));
        channels.reseal();
        // When
        admin().body(Map.of("url", receiver.url(path)))
                .patch(CHANNELS + "/" + id)
                .then()
                .statusCode(200);
        admin().body("{}").post(CHANNELS + "/" + id + "/secrets").then().statusCode(201);
        admin().post(DELIVERIES + "/" + delivery(id, message) + "/resend")
                .then()
                .statusCode(202);
        // Then
        await().untilAsserted(() -> assertThat(state(id, message)).startsWith("sent"));
    }

    @Test
    void whatAnOlderKeySealed_isSealedAnew() throws Exception {
        // Given a vault whose newest key is another one, beside ours
        String id = channel("webhook", path);
        String before = target(id);
        Vault rotating = VaultKeys.of(NEWER + "," + TestStores.ENCRYPTION_KEY);
        // When
        new Channels(stores, rotating).reseal();
        // Then
        assertThat(target(id).substring(0, 8)).isNotEqualTo(before.substring(0, 8));
        assertThat(new Channels(stores, rotating)
                        .find(UUID.fromString(id))
                        .orElseThrow()
                        .target())
                .isEqualTo("127.0.0.1");
        // and back, so that the others go on
        new Channels(stores, VaultKeys.of(TestStores.ENCRYPTION_KEY + "," + NEWER)).reseal();
        assertThat(target(id)).startsWith(before.substring(0, 8));
        assertThat(admin().get(CHANNELS).asString()).contains(id);
    }

    private String target(String id) {
        return database.value("select target from notification_channel where id = ?", UUID.fromString(id));
    }
}
