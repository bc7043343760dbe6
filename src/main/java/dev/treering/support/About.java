package dev.treering.support;

import java.util.Map;

import org.jboss.logging.MDC;

/** What log lines are about: ids, which stand in each line of a piece of work. Never what the thing with the id says. */
public final class About {

    private About() {}

    public interface Work<T, E extends Exception> {

        T run() throws E;
    }

    /** Does the work; an id may be null. */
    public static <T, E extends Exception> T each(Map<String, ?> ids, Work<T, E> work) throws E {
        ids.forEach((name, id) -> {
            if (id != null) {
                MDC.put(name, id.toString());
            }
        });
        try {
            return work.run();
        } finally {
            ids.keySet().forEach(MDC::remove);
        }
    }
}
