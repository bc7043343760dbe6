package dev.treering.standalone;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Properties;

/** The secrets of this installation: made once, kept in a file only its owner can read. */
record Secrets(Path file, String webhookSecret, String adminToken, boolean justMade) {

    static final String WEBHOOK_SECRET = "webhook-secret";
    static final String ADMIN_TOKEN = "admin-token";

    private static final int BYTES = 32;

    static Secrets in(DataFolder folder) {
        Path file = folder.file("secrets.properties");
        try {
            return Files.exists(file) ? read(file) : make(file);
        } catch (IOException e) {
            throw new StartRefused("The secrets in " + file + " can be neither read nor written.", e);
        }
    }

    private static Secrets read(Path file) throws IOException {
        Properties kept = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            kept.load(reader);
        }
        return new Secrets(file, required(kept, WEBHOOK_SECRET, file), required(kept, ADMIN_TOKEN, file), false);
    }

    private static String required(Properties kept, String name, Path file) {
        return Optional.ofNullable(kept.getProperty(name))
                .filter(value -> !value.isBlank())
                .orElseThrow(
                        () -> new StartRefused(
                                "The file " + file + " has no " + name
                                        + ". Put it back, or remove the file: then new secrets are made, and CircleCI needs the new one."));
    }

    private static Secrets make(Path file) throws IOException {
        Secrets made = new Secrets(file, random(), "treering_" + random(), true);
        // Complete or not at all: a file cut short would lock everybody out.
        Path draft = Files.createTempFile(
                file.getParent(),
                "secrets",
                ".new",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(draft, """
                # Made by Treering at its first start. TREERING_WEBHOOK_SECRETS and TREERING_SECURITY_BOOTSTRAP_TOKEN win over it.
                %s=%s
                %s=%s
                """.formatted(WEBHOOK_SECRET, made.webhookSecret(), ADMIN_TOKEN, made.adminToken()));
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        return made;
    }

    private static String random() {
        byte[] bytes = new byte[BYTES];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
