package dev.treering;

import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

import dev.treering.embedded.EmbeddedStores;
import dev.treering.simulation.CircleCiStub;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import org.awaitility.Awaitility;

/** A real broker, a real database and a stub of CircleCI for every test of the flow, started once. */
public class TestStores implements QuarkusTestResourceLifecycleManager {

    public static final String SECRET = "first-secret-of-the-default-endpoint";
    public static final String SECOND_SECRET = "second-secret-of-the-default-endpoint";
    public static final String OTHER_ENDPOINT_SECRET = "secret-of-another-endpoint";
    public static final String ROTATING_SECRET = "secret-that-a-test-rotates";
    public static final String ENCRYPTION_KEY = "dGhlIGtleSBvZiBhbGwgdGVzdHMsIDMyIGJ5dGVzIS4=";
    public static final String TOKEN = "test-admin-token";
    public static final String PROXY = "127.0.0.2";

    // The one stub; tests tell it what CircleCI knows.
    private static CircleCiStub circleCi;
    private static MountedSecret mounted;
    private static Receiver receiver;

    private EmbeddedStores stores;

    @Override
    public Map<String, String> start() {
        // How long a busy machine may take; a test that means a time says it.
        Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
        stores = EmbeddedStores.temporary();
        circleCi = CircleCiStub.start("circleci-token", Clock.systemUTC(), 10_000);
        Map<String, String> settings = new HashMap<>(stores.settings());
        settings.put("quarkus.http.test-port", "0");
        settings.put("quarkus.management.test-port", "0");
        settings.put("treering.webhook.secrets", SECRET + "," + SECOND_SECRET);
        settings.put("treering.webhook.endpoints.other.secrets", OTHER_ENDPOINT_SECRET);
        mounted = MountedSecret.of(ROTATING_SECRET);
        settings.put(
                "treering.webhook.endpoints.rotating.secrets-file",
                mounted.file().toString());
        settings.put("treering.webhook.reload-interval", "1s");
        settings.put("quarkus.http.idle-timeout", "3s");
        settings.put("treering.security.bootstrap-token", TOKEN);
        settings.put("treering.audit.checkpoint-key", checkpointKey());
        // One loopback address is a proxy's, who may say for whom it asks; the tests' own is not.
        settings.put("quarkus.http.proxy.proxy-address-forwarding", "true");
        settings.put("quarkus.http.proxy.trusted-proxies", PROXY);
        settings.put("treering.circleci.url", circleCi.url().toString());
        settings.put("treering.circleci.token", circleCi.token());
        settings.put("treering.live.heartbeat", "1s");
        settings.put("treering.live.client-queue", "16K");
        settings.put("treering.live.patience", "1s");
        settings.put("treering.circleci.breaker-pause", "1s");
        settings.put("treering.enrichment.backoff", "200ms");
        settings.put("treering.enrichment.debounce", "2s");
        settings.put("treering.notification.group-wait", "2s");
        // Longer than all tests together: those of reconciliation say themselves when it is due.
        settings.put("treering.enrichment.reconcile-interval", "10h");
        receiver = Receiver.start();
        settings.put("treering.encryption.key", ENCRYPTION_KEY);
        settings.put("treering.notification.delivery.allow-http", "true");
        settings.put(
                "treering.notification.delivery.allowed-hosts",
                "127.0.0.1:%d,127.0.0.1:1,ci.example.com".formatted(receiver.port()));
        settings.put("treering.notification.delivery.schedule", "0s,300ms,300ms,300ms,300ms,300ms,300ms");
        settings.put("treering.notification.delivery.deadline", "1500ms");
        settings.put("treering.notification.delivery.mail-from", "treering@example.com");
        return settings;
    }

    private static String checkpointKey() {
        try {
            return Base64.getEncoder()
                    .encodeToString(KeyPairGenerator.getInstance("Ed25519")
                            .generateKeyPair()
                            .getPrivate()
                            .getEncoded());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    public static CircleCiStub circleCi() {
        return circleCi;
    }

    /** The secrets of {@code /webhooks/circleci/rotating}. */
    public static MountedSecret mounted() {
        return mounted;
    }

    /** Where notifications go. */
    public static Receiver receiver() {
        return receiver;
    }

    @Override
    public void stop() {
        if (receiver != null) {
            receiver.close();
        }
        if (circleCi != null) {
            circleCi.close();
        }
        if (stores != null) {
            stores.close();
        }
    }
}
