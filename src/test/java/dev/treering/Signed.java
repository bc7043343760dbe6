package dev.treering;

import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import io.restassured.response.Response;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;

/** Posts webhooks as CircleCI does. Its signature is its own code, so that it can prove ours. */
public final class Signed {

    private Signed() {}

    public static Response post(byte[] body) {
        return post("/webhooks/circleci", body, TestStores.SECRET);
    }

    public static Response post(String path, byte[] body, String secret) {
        return given().contentType("application/json")
                .header("circleci-signature", "v1=" + signature(body, secret))
                .header("circleci-event-type", "workflow-completed")
                .header("user-agent", "CircleCI-Webhook/1.0")
                .body(body)
                .post(path);
    }

    public static String signature(byte[] body, String secret) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
            return HexFormat.of().formatHex(mac.doFinal(body));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
