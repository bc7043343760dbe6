package dev.treering;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** A secret in a folder as Kubernetes mounts it: the file is a link through {@code ..data}, and an update swaps that. */
public final class MountedSecret {

    private final Path folder;

    private MountedSecret(Path folder) {
        this.folder = folder;
    }

    public static MountedSecret of(String... secrets) {
        try {
            MountedSecret mounted = new MountedSecret(Files.createTempDirectory("treering-mounted-"));
            mounted.update(secrets);
            Files.createSymbolicLink(mounted.file(), Path.of("..data", "secrets"));
            return mounted;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path file() {
        return folder.resolve("secrets");
    }

    public void update(String... secrets) {
        try {
            Path version = Files.createTempDirectory(folder, "..version-");
            Files.write(version.resolve("secrets"), List.of(secrets));
            Path link = Files.createSymbolicLink(folder.resolve("..data_tmp"), version.getFileName());
            Files.move(link, folder.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
