package dev.treering.embedded;

import java.util.Map;
import java.util.Map.Entry;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;

/**
 * Keeps the stores' everyday talk out of the terminal where no settings of the application apply: before its logging is
 * configured and after it has stopped.
 */
final class QuietLogs {

    // Strong references: the log manager forgets the level of a logger nobody holds.
    private static final Map<Logger, Level> LEVELS = Map.of(
                    "kafka", Level.WARNING,
                    "org.apache.kafka", Level.WARNING,
                    // These two call the ordinary start and stop of a single node a warning.
                    "org.apache.kafka.controller", Level.SEVERE,
                    "org.apache.kafka.clients.NetworkClient", Level.SEVERE,
                    "state.change.logger", Level.WARNING,
                    "io.zonky", Level.WARNING)
            .entrySet()
            .stream()
            .collect(Collectors.toUnmodifiableMap(entry -> Logger.getLogger(entry.getKey()), Entry::getValue));

    private QuietLogs() {}

    static void hush() {
        LEVELS.forEach(Logger::setLevel);
    }
}
