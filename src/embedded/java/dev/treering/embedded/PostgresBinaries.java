package dev.treering.embedded;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.embedded.PgBinaryResolver;

/**
 * PostgreSQL's programs, unpacked into a folder of our own and not into the system's temporary one, which may be swept, shared
 * with other users or forbid execution. An object is for one start: where things were unpacked is remembered by identity, and
 * a test's folder is gone when the next test starts.
 */
final class PostgresBinaries implements PgBinaryResolver {

    private static final String COMPLETE = ".exists";

    private final Path folder;

    private PostgresBinaries(Path folder) {
        this.folder = folder;
    }

    /** What a killed start had unpacked only in part is removed: it would be neither used nor completed. */
    static PostgresBinaries in(Path folder) {
        try {
            if (Files.isDirectory(folder) && !isComplete(folder)) {
                Folders.delete(folder);
            }
        } catch (IOException e) {
            throw new StoreException("The half-unpacked programs in " + folder + " cannot be removed.", e);
        }
        return new PostgresBinaries(folder);
    }

    Path folder() {
        return folder;
    }

    @Override
    public InputStream getPgBinary(String system, String machine) throws IOException {
        try {
            return DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(system, machine);
        } catch (IllegalStateException e) {
            throw new StoreException(
                    "This build carries no PostgreSQL for %s on %s. Build it on such a machine (mvn -Pstandalone package), or use the plain artefact with a PostgreSQL of your own."
                            .formatted(system, machine),
                    e);
        }
    }

    private static boolean isComplete(Path folder) throws IOException {
        try (Stream<Path> versions = Files.list(folder)) {
            return versions.allMatch(version -> Files.exists(version.resolve(COMPLETE)));
        }
    }
}
