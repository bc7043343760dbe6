package dev.treering.chaos;

import java.nio.file.Path;
import java.util.function.Consumer;

/** A program's classes as one life of it left them, which each later one maps instead of reading them: a quarter of a start's work. */
final class Classes {

    private final Path archive;
    private boolean kept;

    Classes(String program) {
        archive = Path.of("target", "chaos", program + ".jsa").toAbsolutePath();
    }

    /**
     * @param life starts the program with this option of the JVM and ends it in good order; the first time only
     * @return the option with which it starts from then on
     */
    synchronized String keep(Consumer<String> life) {
        if (!kept) {
            life.accept("-XX:ArchiveClassesAtExit=" + archive);
            kept = true;
        }
        return "-XX:SharedArchiveFile=" + archive;
    }
}
