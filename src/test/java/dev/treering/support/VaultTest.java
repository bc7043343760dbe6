package dev.treering.support;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

import dev.treering.support.Vault.Locked;
import io.quarkus.runtime.configuration.ConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class VaultTest {

    private static final String ONE = key(1);
    private static final String TWO = key(2);

    private static String key(int fill) {
        byte[] key = new byte[32];
        java.util.Arrays.fill(key, (byte) fill);
        return Base64.getEncoder().encodeToString(key);
    }

    private static Vault keys(String keys) {
        return VaultKeys.of(keys);
    }

    @Test
    void what_is_sealed_opens_and_shows_nothing() {
        String sealed = keys(ONE).seal("https://hooks.slack.com/services/secret 🌲", "row 1");
        assertThat(sealed).matches("[0-9a-f]{8}\\.[A-Za-z0-9+/=]+").doesNotContain("slack");
        assertThat(keys(ONE).open(sealed, "row 1")).isEqualTo("https://hooks.slack.com/services/secret 🌲");
        assertThat(keys(ONE).seal("same", "row")).isNotEqualTo(keys(ONE).seal("same", "row"));
    }

    @Test
    void what_was_sealed_for_another_row_or_changed_does_not_open() {
        Vault vault = keys(ONE);
        String sealed = vault.seal("secret", "row 1");
        assertThatExceptionOfType(Locked.class).isThrownBy(() -> vault.open(sealed, "row 2"));
        byte[] bytes = Base64.getDecoder().decode(sealed.substring(9));
        for (int i = 0; i < bytes.length; i++) {
            byte[] changed = bytes.clone();
            changed[i] ^= 1;
            String other = sealed.substring(0, 9) + Base64.getEncoder().encodeToString(changed);
            assertThatExceptionOfType(Locked.class).isThrownBy(() -> vault.open(other, "row 1"));
        }
        for (String broken : new String[] {"", ".", sealed.substring(0, 9), sealed.substring(0, 20), "plain text"}) {
            assertThatExceptionOfType(Locked.class).isThrownBy(() -> vault.open(broken, "row 1"));
        }
    }

    @Test
    void keys_rotate_by_standing_beside_each_other() {
        String sealed = keys(ONE).seal("secret", "row");
        Vault rotating = keys(TWO + "," + ONE);
        assertThat(rotating.open(sealed, "row")).isEqualTo("secret");
        assertThat(rotating.isOld(sealed)).isTrue();
        String anew = rotating.seal("secret", "row");
        assertThat(rotating.isOld(anew)).isFalse();
        assertThat(keys(TWO).open(anew, "row")).isEqualTo("secret");
        assertThatExceptionOfType(Locked.class)
                .isThrownBy(() -> keys(TWO).open(sealed, "row"))
                .withMessageContaining(sealed.substring(0, 8))
                .withMessageContaining("TREERING_ENCRYPTION_KEY");
    }

    @Test
    void keys_come_from_a_file_too(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("key"), TWO + "\n\n" + ONE + "\n");
        assertThat(VaultKeys.with("treering.encryption.key-file", file.toString())
                        .open(keys(ONE).seal("secret", "row"), "row"))
                .isEqualTo("secret");
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> VaultKeys.with("treering.encryption.key-file", folder + "/none"))
                .withMessageContaining("cannot be read");
    }

    @Test
    void without_a_key_nothing_is_sealed_and_it_is_said_what_to_do() {
        Vault empty = VaultKeys.with("treering.roles", "api");
        assertThat(empty.ready()).isFalse();
        assertThatExceptionOfType(Problem.class)
                .isThrownBy(() -> empty.seal("secret", "row"))
                .withMessageContaining("TREERING_ENCRYPTION_KEY")
                .matches(e -> e.status() == 409);
        assertThat(empty.isOld("anything")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"hunter2", "AAAA", "%%%", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"})
    void what_is_no_key_ends_the_start_without_being_shown(String key) {
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> keys(key))
                .withMessageContaining("32 bytes in base64")
                .withMessageNotContaining(key);
    }
}
