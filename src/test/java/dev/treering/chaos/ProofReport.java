package dev.treering.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.KeyPairGenerator;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.audit.Tampering;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * How long it takes to prove a trail of a million entries: {@code mvn verify -Pchaos -Dit.test=ProofReport}. Prints a table and
 * holds it against the marks.
 */
@Isolated("measures")
class ProofReport {

    private static final Path FILE = Path.of("target", "proof-report.txt");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ENTRIES = Integer.getInteger("treering.entries", 1_000_000);
    /** One that the broker does not have, so that nobody else writes it. */
    private static final int PARTITION = 5001;

    private static final double MOST_SECONDS = 60;

    private World world;
    private Instance service;

    @BeforeEach
    void start() throws Exception {
        String key = Base64.getEncoder()
                .encodeToString(KeyPairGenerator.getInstance("Ed25519")
                        .generateKeyPair()
                        .getPrivate()
                        .getEncoded());
        world = World.named("trail")
                .measured()
                .databaseSetting("fsync=on")
                .with("TREERING_AUDIT_CHECKPOINT_KEY", key)
                .receivers(0)
                .workers(0)
                .start();
        service = world.instance("service", "receiver,worker,api");
        service.start();
    }

    @AfterEach
    void close() {
        service.close();
        world.close();
    }

    @Test
    void proof() throws Exception {
        try (Connection administrator =
                DriverManager.getConnection(world.database().jdbcUrl(), "postgres", "postgres")) {
            // Given
            Tampering.fill(administrator, PARTITION, ENTRIES, Instant.parse("2026-11-01T00:00:00Z"));
            world.database().execute("analyze trail");
            await().atMost(Duration.ofMinutes(1))
                    .until(() ->
                            world.database().number("select count(*) from trail_checkpoint where entries = " + ENTRIES)
                                    == 1);
            say("%-40s %8s  %s", "what was done to %,d entries".formatted(ENTRIES), "seconds", "found");
            // When, Then
            verify("nothing", "intact", 0);
            Tampering tampering = new Tampering(administrator, PARTITION, ENTRIES);
            for (Tampering.Deed deed : tampering.deeds()) {
                tampering.commit(deed);
                verify(deed.what(), deed.kind(), deed.number());
                tampering.undo();
            }
            tampering.rewriteEnd();
            verify("rewritten, so that all of it fits", "contradicted", ENTRIES);
            tampering.undo();
            verify("undone", "intact", 0);
        }
    }

    private void verify(String deed, String expected, long number) throws Exception {
        long begin = System.nanoTime();
        String lines =
                service.get("/api/trail/verification", Duration.ofMinutes(3)).body();
        double seconds = (System.nanoTime() - begin) / 1e9;
        JsonNode report = JSON.readTree(lines.substring(lines.stripTrailing().lastIndexOf('\n') + 1));
        JsonNode broken = report.at("/broken/0");
        String found = broken.path("kind").asText(report.path("state").asText());
        say("%-40s %8.1f  %s %s", deed, seconds, found, broken.path("number").asText());
        assertThat(found).as("%s", report).isEqualTo(expected);
        assertThat(broken.path("number").asLong()).isEqualTo(number);
        assertThat(seconds).as(deed).isLessThan(MOST_SECONDS);
    }

    private static void say(String text, Object... values) {
        String line = text.formatted(values);
        System.out.println("proof: " + line);
        try {
            Files.writeString(FILE, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
