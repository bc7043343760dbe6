package dev.treering.audit;

import java.io.IOException;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

import jakarta.inject.Singleton;

import dev.treering.support.Digests;
import io.quarkus.runtime.configuration.ConfigurationException;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Signs what Treering says of the trail, with a key that the database does not have, and knows whose signatures hold. */
@Singleton
class Seal {

    private static final String ALGORITHM = "Ed25519";

    private final PrivateKey own;
    private final List<PublicKey> trusted = new ArrayList<>();

    Seal(AuditConfig config) {
        try {
            String key = config.checkpointKeyFile().isPresent()
                    ? Files.readString(config.checkpointKeyFile().get())
                    : config.checkpointKey().orElse("");
            own = key.isBlank() ? null : privateKey(key);
            if (own != null) {
                trusted.add(publicKeyOf(own));
            }
            for (String other : config.checkpointPublicKeys().orElse(List.of())) {
                trusted.add(publicKey(other));
            }
        } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
            throw new ConfigurationException(
                    "treering.audit.checkpoint-key, its file or -public-keys hold no Ed25519 key"
                            + " (make one: openssl genpkey -algorithm ed25519 -out key.pem): " + e.getMessage());
        }
    }

    boolean signs() {
        return own != null;
    }

    List<PublicKey> trusted() {
        return trusted;
    }

    /** The key that checks our signatures, base64 of its DER form; null without one. */
    String publicKey() {
        return own == null
                ? null
                : Base64.getEncoder().encodeToString(trusted.get(0).getEncoded());
    }

    /** Null without a key. */
    byte[] sign(String... statement) {
        return own == null ? null : sign(own, statement);
    }

    private static byte[] sign(PrivateKey key, String... statement) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initSign(key);
            signature.update(bytes(statement));
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a key that was read can sign", e);
        }
    }

    static boolean holds(List<PublicKey> keys, byte[] signed, String... statement) {
        return signed != null && keys.stream().anyMatch(key -> holds(key, signed, statement));
    }

    private static boolean holds(PublicKey key, byte[] signed, String... statement) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initVerify(key);
            signature.update(bytes(statement));
            return signature.verify(signed);
        } catch (GeneralSecurityException notEvenASignature) {
            return false;
        }
    }

    // No word of ours holds a line break, so that none can run into the next.
    private static byte[] bytes(String... statement) {
        return String.join("\n", statement).getBytes(UTF_8);
    }

    /** @throws IllegalArgumentException where it is none */
    static PublicKey publicKey(String base64) {
        try {
            return KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(der(base64)));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("'%s' is no Ed25519 public key".formatted(base64), e);
        }
    }

    /** Short enough for a line, and of one key alone. */
    static String id(PublicKey key) {
        return HexFormat.of().formatHex(Digests.sha256().digest(key.getEncoded()), 0, 8);
    }

    private static PrivateKey privateKey(String pem) throws GeneralSecurityException {
        return KeyFactory.getInstance(ALGORITHM).generatePrivate(new PKCS8EncodedKeySpec(der(pem)));
    }

    private static byte[] der(String pem) {
        return Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
    }

    /** The JDK derives it only where it makes a pair: so it is made anew, of the same 32 random bytes. */
    private static PublicKey publicKeyOf(PrivateKey key) throws GeneralSecurityException {
        byte[] seed = ((EdECPrivateKey) key)
                .getBytes()
                .orElseThrow(() -> new GeneralSecurityException("the private key does not show its bytes"));
        KeyPairGenerator generator = KeyPairGenerator.getInstance(ALGORITHM);
        generator.initialize(NamedParameterSpec.ED25519, new SecureRandom() {
            @Override
            public void nextBytes(byte[] bytes) {
                System.arraycopy(seed, 0, bytes, 0, bytes.length);
            }
        });
        PublicKey derived = generator.generateKeyPair().getPublic();
        if (!holds(derived, sign(key, ALGORITHM), ALGORITHM)) {
            throw new GeneralSecurityException("this Java derives another public key; name it in -public-keys");
        }
        return derived;
    }
}
