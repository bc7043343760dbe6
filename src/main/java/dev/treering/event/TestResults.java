package dev.treering.event;

import java.util.List;

/**
 * What a job's tests said, from {@code GET /project/:slug/:number/tests}: the failures in full, of the others how many.
 *
 * @param failures of the {@code failed} as many as a record holds
 */
public record TestResults(int total, int failed, int skipped, List<Test> failures) {

    /** @param runTime seconds */
    public record Test(
            String classname, String name, String file, String source, String result, Double runTime, String message) {

        /** Without NUL, which terminals leave in messages and PostgreSQL cannot store. */
        public Test printable() {
            return message == null || message.indexOf(0) < 0
                    ? this
                    : new Test(classname, name, file, source, result, runTime, message.replace("\0", ""));
        }
    }
}
