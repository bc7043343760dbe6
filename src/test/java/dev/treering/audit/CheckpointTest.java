package dev.treering.audit;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

import io.quarkus.runtime.configuration.ConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class CheckpointTest {

    private static final Checkpoint UNSIGNED =
            new Checkpoint("circleci.webhooks", 3, 17, 16, "00ff", Instant.parse("2026-11-24T10:00:00Z"), null, null);

    /** Without anything that is not asked for. */
    record Settings(
            Optional<String> checkpointKey,
            Optional<Path> checkpointKeyFile,
            Optional<List<String>> checkpointPublicKeys)
            implements AuditConfig {

        static Settings of(String key) {
            return new Settings(Optional.ofNullable(key), Optional.empty(), Optional.empty());
        }

        @Override
        public int maxExports() {
            return 1;
        }

        @Override
        public Duration checkpointInterval() {
            return Duration.ofHours(1);
        }

        @Override
        public long checkpointEntries() {
            return 10_000;
        }

        @Override
        public Optional<Duration> retention() {
            return Optional.empty();
        }
    }

    private static String key() throws Exception {
        return Base64.getEncoder()
                .encodeToString(KeyPairGenerator.getInstance("Ed25519")
                        .generateKeyPair()
                        .getPrivate()
                        .getEncoded());
    }

    @Test
    void signature_holds_for_what_was_signed_and_by_that_key_alone() throws Exception {
        // Given
        Seal seal = new Seal(Settings.of(key()));
        Seal other = new Seal(Settings.of(key()));
        // When
        Checkpoint signed = UNSIGNED.signed(seal);
        // Then
        assertThat(signed.isSignedByOneOf(seal.trusted())).isTrue();
        assertThat(signed.isSignedByOneOf(List.of(Seal.publicKey(seal.publicKey()))))
                .isTrue();
        assertThat(signed.isSignedByOneOf(other.trusted())).isFalse();
        Checkpoint longer = new Checkpoint(
                signed.topic(), 3, 17, 15, signed.chainHead(), signed.time(), signed.key(), signed.signature());
        assertThat(longer.isSignedByOneOf(seal.trusted())).isFalse();
        assertThat(UNSIGNED.isSignedByOneOf(seal.trusted())).isFalse();
    }

    @Test
    void key_comes_from_a_pem_file_and_an_old_one_is_still_trusted(@TempDir Path folder) throws Exception {
        // Given
        String key = key();
        Seal old = new Seal(Settings.of(key()));
        Path file = Files.writeString(
                folder.resolve("key.pem"),
                "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n".formatted(key));
        // When
        Seal seal = new Seal(new Settings(Optional.empty(), Optional.of(file), Optional.of(List.of(old.publicKey()))));
        // Then
        assertThat(seal.publicKey()).isEqualTo(new Seal(Settings.of(key)).publicKey());
        assertThat(UNSIGNED.signed(old).isSignedByOneOf(seal.trusted())).isTrue();
    }

    @Test
    void without_a_key_nothing_is_signed_and_a_wrong_one_is_named() {
        assertThat(new Seal(Settings.of(null)).signs()).isFalse();
        assertThat(new Seal(Settings.of(null)).publicKey()).isNull();
        assertThatThrownBy(() -> new Seal(Settings.of("bm8ga2V5")))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("treering.audit.checkpoint-key");
    }
}
