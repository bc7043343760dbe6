package dev.treering.support;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Keeps secrets that must be read again: AES-256-GCM with a key from the settings. What is sealed is text, {@code
 * keyId.base64(nonce, ciphertext, tag)}. It opens only for what it was sealed for, so that nobody who can write to the
 * table can put one row's secret into another.
 */
@Singleton
public class Vault {

    private static final String HOW = "TREERING_ENCRYPTION_KEY to what `openssl rand -base64 32` prints";
    private static final int KEY_BYTES = 32;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;

    private final Map<String, SecretKeySpec> keys = new LinkedHashMap<>();
    private final SecureRandom random = new SecureRandom();

    Vault(TreeringConfig config) {
        List<String> given = new ArrayList<>(config.encryption().key().orElse(List.of()));
        config.encryption().keyFile().ifPresent(file -> given.addAll(lines(file)));
        for (String text : given) {
            byte[] key = decode(text.strip());
            keys.put(id(key), new SecretKeySpec(key, "AES"));
        }
    }

    // So that a key which is none is told at the start, not at the first secret.
    void start(@Observes StartupEvent event) {}

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file).stream()
                    .filter(line -> !line.isBlank())
                    .toList();
        } catch (IOException e) {
            throw new ConfigurationException("TREERING_ENCRYPTION_KEY_FILE: %s cannot be read".formatted(file));
        }
    }

    private static byte[] decode(String text) {
        try {
            byte[] key = Base64.getDecoder().decode(text);
            if (key.length == KEY_BYTES) {
                return key;
            }
        } catch (IllegalArgumentException e) {
            // Told below: the exception's message would show a part of the key.
        }
        throw new ConfigurationException("a key must be 32 bytes in base64. Set " + HOW);
    }

    private static String id(byte[] key) {
        var digest = Digests.sha256();
        digest.update("treering key id".getBytes(UTF_8));
        return HexFormat.of().formatHex(digest.digest(key), 0, 4);
    }

    /** Whether there is a key at all. */
    public boolean ready() {
        return !keys.isEmpty();
    }

    /** Refuses what needs a key while there is none. */
    public void mustBeReady() {
        if (!ready()) {
            throw new Problem(409, "Treering has no key to keep secrets with: set %s".formatted(HOW));
        }
    }

    /** @param purpose whose secret it is; it opens for no other */
    public String seal(String text, String purpose) {
        mustBeReady();
        byte[] nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        var newest = keys.entrySet().iterator().next();
        byte[] sealed =
                run(Cipher.ENCRYPT_MODE, newest.getValue(), nonce, purpose, ByteBuffer.wrap(text.getBytes(UTF_8)));
        byte[] all = ByteBuffer.allocate(nonce.length + sealed.length)
                .put(nonce)
                .put(sealed)
                .array();
        return newest.getKey() + "." + Base64.getEncoder().encodeToString(all);
    }

    /** The text. @throws Locked when no key of ours opens it */
    public String open(String sealed, String purpose) {
        String id = sealed.substring(0, Math.max(0, sealed.indexOf('.')));
        SecretKeySpec key = keys.get(id);
        if (key == null) {
            throw new Locked("it is sealed with the key %s, which TREERING_ENCRYPTION_KEY does not hold".formatted(id));
        }
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(sealed.substring(id.length() + 1)));
            byte[] nonce = new byte[NONCE_BYTES];
            bytes.get(nonce);
            return new String(run(Cipher.DECRYPT_MODE, key, nonce, purpose, bytes), UTF_8);
        } catch (RuntimeException e) {
            throw new Locked("what was sealed with the key %s has been changed since".formatted(id));
        }
    }

    /** Whether it was sealed with another key than the first, and should be sealed anew before that one is taken away. */
    public boolean isOld(String sealed) {
        return ready() && !sealed.startsWith(keys.keySet().iterator().next() + ".");
    }

    private static byte[] run(int mode, SecretKeySpec key, byte[] nonce, String purpose, ByteBuffer text) {
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
            cipher.updateAAD(purpose.getBytes(UTF_8));
            return cipher.doFinal(text.array(), text.position(), text.remaining());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM refuses: " + e.getMessage(), e);
        }
    }

    /** The right key is not there. */
    public static final class Locked extends RuntimeException {
        Locked(String reason) {
            super(reason);
        }
    }
}
