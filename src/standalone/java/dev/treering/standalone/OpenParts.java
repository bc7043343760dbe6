package dev.treering.standalone;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;

/** Everything that was started, closed in the opposite order; also when the signal to stop comes amid the start. */
final class OpenParts {

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private volatile boolean closing;

    /** Starts one more part. A close meanwhile waits for it, and finds it. */
    synchronized <P extends AutoCloseable> P add(Supplier<P> start) {
        stopWhenClosing();
        P part = start.get();
        parts.push(part);
        // A start takes seconds, and nothing should follow it when the signal came in them.
        stopWhenClosing();
        return part;
    }

    void close() {
        closing = true;
        closeAll();
    }

    private void stopWhenClosing() {
        if (closing) {
            throw new StoppedMeanwhile();
        }
    }

    private synchronized void closeAll() {
        while (!parts.isEmpty()) {
            AutoCloseable part = parts.pop();
            try {
                part.close();
            } catch (Exception e) {
                // The other parts must be closed all the same; the process ends after this.
                System.err.println("Treering did not stop cleanly: " + e.getMessage());
            }
        }
    }

    /** There is no use in starting: somebody wants this process to end. */
    static final class StoppedMeanwhile extends RuntimeException {}
}
