package dev.treering.notification;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import dev.treering.Receiver.Received;

import static java.nio.charset.StandardCharsets.UTF_8;

/** A receiver's side of Standard Webhooks 1.0, by its specification alone: nothing here is shared with who signs. */
final class StandardWebhooks {

    private static final Duration TOLERANCE = Duration.ofMinutes(5);

    private StandardWebhooks() {}

    static boolean verifies(Received request, String secret, Instant now) throws GeneralSecurityException {
        String id = request.headers().getFirst("webhook-id");
        String timestamp = request.headers().getFirst("webhook-timestamp");
        Duration age = Duration.between(Instant.ofEpochSecond(Long.parseLong(timestamp)), now);
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.split("_", 2)[1]), "HmacSHA256"));
        byte[] expected = mac.doFinal((id + "." + timestamp + "." + request.body()).getBytes(UTF_8));
        return age.abs().compareTo(TOLERANCE) < 0
                && Stream.of(request.headers().getFirst("webhook-signature").split(" "))
                        .filter(signature -> signature.startsWith("v1,"))
                        .anyMatch(signature -> MessageDigest.isEqual(
                                expected, Base64.getDecoder().decode(signature.substring(3))));
    }
}
