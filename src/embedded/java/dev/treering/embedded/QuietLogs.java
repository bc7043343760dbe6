package dev.treering.embedded;

import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

import org.slf4j.LoggerFactory;

/**
 * Keeps the stores' everyday talk out of the terminal where no settings of the application apply: before its logging is
 * configured, after it has stopped, and for what they write under names of their own. Kafka calls the ordinary start and stop
 * of a single node a warning, and so is the goodbye of a client that was slow to close.
 */
final class QuietLogs {

    // Strong references: the log manager forgets the level of a logger nobody holds.
    private static final List<Logger> LOGGERS = Stream.of(
                    "kafka", "org.apache.kafka", "org.apache.kafka.clients", "state.change.logger", "io.zonky")
            .map(Logger::getLogger)
            .toList();

    private QuietLogs() {}

    static void hush() {
        // Both stores start at once, and SLF4J complains when two threads are the first to use it.
        LoggerFactory.getILoggerFactory();
        LOGGERS.forEach(logger -> logger.setLevel(Level.SEVERE));
    }
}
