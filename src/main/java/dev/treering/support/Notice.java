package dev.treering.support;

import io.quarkus.logging.Log;

/** Says once what is waited for, and not at every try: who waits long should still find the rest of the log. */
public final class Notice {

    private String said;

    /** Logs the text as a warning unless it is what was said last. */
    public synchronized void say(String text) {
        if (!text.equals(said)) {
            said = text;
            Log.warn(text);
        }
    }

    /** What was said has passed; if it comes again, it is said again. */
    public synchronized void over() {
        said = null;
    }
}
