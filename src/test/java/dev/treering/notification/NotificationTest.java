package dev.treering.notification;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.Receiver;
import dev.treering.TestStores;
import dev.treering.support.Rows;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import org.junit.jupiter.api.AfterEach;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.oneOf;

/** What tests of channels share: channels by REST, messages by the table, a receiver. */
abstract class NotificationTest {

    static final String CHANNELS = "/api/notifications/channels";
    static final String DELIVERIES = "/api/notifications/deliveries";

    @Inject
    Database database;

    @Inject
    DataSource stores;

    @Inject
    Deliveries deliveries;

    final Receiver receiver = TestStores.receiver();
    private final List<String> made = new ArrayList<>();

    static RequestSpecification admin() {
        return given().header("Circle-Token", TestStores.TOKEN).contentType("application/json");
    }

    static String path() {
        return "/hooks/" + UUID.randomUUID();
    }

    ValidatableResponse create(Map<String, ?> other) {
        Map<String, Object> wanted = new HashMap<>(Map.of("name", "channel " + UUID.randomUUID(), "kind", "webhook"));
        wanted.putAll(other);
        ValidatableResponse answer = admin().body(wanted).post(CHANNELS).then();
        if (answer.extract().statusCode() == 201) {
            made.add(answer.extract().path("id"));
        }
        return answer;
    }

    /** A channel to this path of the receiver. */
    String channel(String kind, String path) {
        return create(Map.of("kind", kind, "url", receiver.url(path)))
                .statusCode(201)
                .extract()
                .path("id");
    }

    @AfterEach
    void delete_channels() {
        made.forEach(id -> admin().delete(CHANNELS + "/" + id).then().statusCode(oneOf(204, 404)));
    }

    Message add(String channel) throws Exception {
        Message message = Messages.failure();
        Rows.inTransaction(stores, connection -> deliveries.add(connection, UUID.fromString(channel), message));
        return message;
    }

    String state(String channel, Message message) {
        return database.value(
                "select state || ' after ' || attempts from notification_delivery where channel_id = ? and message_id = ?",
                UUID.fromString(channel),
                message.id());
    }

    String delivery(String channel, Message message) {
        return database.value(
                "select id from notification_delivery where channel_id = ? and message_id = ?",
                UUID.fromString(channel),
                message.id());
    }
}
