package dev.treering.standalone;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/** The folder that holds everything of one standalone Treering, for as long as this process has it locked. */
final class DataFolder implements AutoCloseable {

    private static final String DEMO_MARK = "demo";
    private static final String CHOOSE = "Choose another folder with " + GivenSettings.variable(Preparation.DATA) + ".";

    private final Path path;
    private final FileChannel lock;

    private DataFolder(Path path, FileChannel lock) {
        this.path = path;
        this.lock = lock;
    }

    /** Creates the folder if need be, readable by its owner alone, and takes it for this process. */
    static DataFolder open(Path wanted, boolean demo) {
        Path path = wanted.toAbsolutePath().normalize();
        try {
            if (!Files.isDirectory(path)) {
                Files.createDirectories(
                        path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            DataFolder folder = new DataFolder(path, lock(path));
            folder.markAs(demo);
            return folder;
        } catch (IOException e) {
            throw new StartRefused(
                    "The data folder " + path + " cannot be written by this user (" + reason(e) + "). " + CHOOSE, e);
        }
    }

    Path path() {
        return path;
    }

    Path file(String name) {
        return path.resolve(name);
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }

    private static FileChannel lock(Path path) throws IOException {
        FileChannel channel =
                FileChannel.open(path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return channel;
            }
        } catch (OverlappingFileLockException ofThisProcess) {
            channel.close();
            throw new StartRefused("The data folder " + path + " is already open in this process.", ofThisProcess);
        }
        channel.close();
        throw new StartRefused(
                "The data folder " + path + " is in use by another running Treering. Stop that one first. " + CHOOSE);
    }

    /** Invented runs must never stand in a real history, nor a demo play with the real one. */
    private void markAs(boolean demo) throws IOException {
        boolean used = Files.exists(file("postgres"));
        boolean marked = Files.exists(file(DEMO_MARK));
        if (used && marked != demo) {
            close();
            throw new StartRefused(
                    demo
                            ? "The data folder " + path + " holds a real history, the demo would mix with it. " + CHOOSE
                            : "The data folder " + path + " holds a demo. Set TREERING_DEMO=true to go on with it. "
                                    + CHOOSE);
        }
        if (demo && !marked) {
            Files.writeString(file(DEMO_MARK), "What is in this folder was invented by the demo.\n");
        }
    }

    private static String reason(IOException failure) {
        return failure.getClass().getSimpleName().replace("Exception", "") + ": " + failure.getMessage();
    }
}
