package dev.treering.standalone;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Which run the demo plays next: after a restart the story goes on, with new pipelines. */
record DemoProgress(Path file) {

    long next() {
        try {
            return Files.exists(file) ? Long.parseLong(Files.readString(file).strip()) : 0;
        } catch (IOException | NumberFormatException e) {
            throw new StartRefused(
                    "The demo cannot tell where it was: " + file
                            + " holds no number. Remove the demo's folder to start over.",
                    e);
        }
    }

    void playing(long index) {
        try {
            Path draft = file.resolveSibling(file.getFileName() + ".new");
            Files.writeString(draft, (index + 1) + "\n");
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("The demo's progress cannot be kept in " + file, e);
        }
    }
}
