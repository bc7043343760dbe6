package dev.treering.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A small disk of its own for a database: a file system in memory that only this process and those that enter its namespace
 * see. Needs the right to mount, which in most places means root.
 */
final class Disk extends Part {

    private final int megabytes;

    Disk(Path folder, int megabytes) {
        super(folder, "disk");
        this.megabytes = megabytes;
    }

    /** Whether this machine lets us make one. */
    static boolean possible() {
        try {
            return new ProcessBuilder("unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt")
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException noUnshare) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Where it is, for those inside. */
    Path mount() {
        return folder().resolve("disk").toAbsolutePath();
    }

    /** What a command is to be preceded by, so that it sees the disk. */
    List<String> entrance() {
        return List.of("nsenter", "-t", Long.toString(pid()), "-m");
    }

    /** From outside, through the namespace of the process that holds it. */
    private Path seen(String file) {
        return Path.of("/proc/" + pid() + "/root" + mount()).resolve(file);
    }

    /** Takes all that is free. */
    void fill() throws IOException {
        byte[] block = new byte[64 * 1024];
        try (var filler = Files.newOutputStream(seen("filler"))) {
            while (true) {
                filler.write(block);
            }
        } catch (IOException full) {
            if (!String.valueOf(full.getMessage()).contains("No space left")) {
                throw full;
            }
        }
    }

    void clear() throws IOException {
        Files.delete(seen("filler"));
    }

    /** Brings a folder onto it. */
    void copy(Path from) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(entrance());
        command.addAll(List.of("cp", "-a", from.toAbsolutePath().toString(), mount().toString()));
        if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
            throw new IOException("cannot copy " + from);
        }
    }

    @Override
    List<String> command() {
        return List.of(
                "unshare",
                "-m",
                "sh",
                "-c",
                "mkdir -p %1$s && mount -t tmpfs -o size=%2$dm tmpfs %1$s && exec sleep 100000"
                        .formatted(mount(), megabytes));
    }

    @Override
    boolean answers() throws IOException {
        return Files.readString(Path.of("/proc/" + pid() + "/mounts")).contains(mount().toString());
    }
}
