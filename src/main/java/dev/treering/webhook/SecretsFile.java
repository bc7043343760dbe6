package dev.treering.webhook;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A file with one secret a line, as a mounted Kubernetes Secret is. */
final class SecretsFile {

    private static final long LARGEST = 64 * 1024;

    private SecretsFile() {}

    /**
     * The secrets that stand in the file now. It is found by its path each time: such a mount changes by a swap of links.
     *
     * @throws IOException when it cannot be read, holds nothing, or holds what is no line of text
     */
    static List<String> read(Path file) throws IOException {
        List<String> secrets;
        try {
            if (Files.size(file) > LARGEST) {
                throw new IOException("%s has more than %d bytes".formatted(file, LARGEST));
            }
            secrets = Files.readAllLines(file).stream()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .toList();
        } catch (FileSystemException | CharacterCodingException e) {
            throw new IOException(
                    "%s cannot be read (%s)".formatted(file, e.getClass().getSimpleName()), e);
        }
        if (secrets.isEmpty()) {
            throw new IOException(file + " is empty");
        }
        if (secrets.stream().anyMatch(SecretsFile::isOdd)) {
            throw new IOException(file + " holds characters that no secret has");
        }
        return secrets;
    }

    private static boolean isOdd(String line) {
        return line.codePoints().anyMatch(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT);
    }
}
