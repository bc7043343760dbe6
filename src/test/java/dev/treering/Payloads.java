package dev.treering;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** The webhook bodies under {@code src/test/resources/webhooks}, written in the shape of recorded ones. */
public final class Payloads {

    private Payloads() {}

    public static byte[] webhook(String name) {
        try (InputStream file = Payloads.class.getResourceAsStream("/webhooks/" + name + ".json")) {
            return file.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
