package dev.treering.notification;

import java.util.Optional;
import java.util.stream.Stream;

import dev.treering.support.Problem;

/** Which runs are meant. A pattern is a glob ({@code *} and {@code ?}), several are separated by commas; null is all. */
record Matcher(String project, String workflow, String branch, String actor) {

    /** Instead of a branch: the project's default one; while that is not known, {@code main} or {@code master}. */
    static final String DEFAULT = "@default";

    private static final int LONGEST = 300;

    /** Refuses what nobody would write. */
    void mustBeShort() {
        Stream.of(project, workflow, branch, actor)
                .filter(pattern -> pattern != null && (pattern.isBlank() || pattern.length() > LONGEST))
                .forEach(pattern -> {
                    throw Problem.badRequest(
                            "A pattern has 1 to %d characters; leave it out to mean all".formatted(LONGEST));
                });
    }

    /** Why a run is not meant; empty where it is. */
    Optional<String> mismatch(Run run) {
        return differs("project", project, run.slug(), null)
                .or(() -> differs("workflow", workflow, run.workflow(), null))
                .or(() -> differs("branch", branch, run.branch(), run.defaultBranch()))
                .or(() -> differs("actor", actor, run.actor(), null));
    }

    boolean meansProject(String slug) {
        return differs("project", project, slug, null).isEmpty();
    }

    private static Optional<String> differs(String what, String patterns, String text, String defaultBranch) {
        return patterns == null
                        || text != null
                                && Stream.of(patterns.split(","))
                                        .map(String::strip)
                                        .anyMatch(pattern -> matches(pattern, text, what, defaultBranch))
                ? Optional.empty()
                : Optional.of("%s '%s' is not '%s'".formatted(what, text == null ? "" : text, patterns));
    }

    private static boolean matches(String pattern, String text, String what, String defaultBranch) {
        if (!what.equals("branch") || !pattern.equals(DEFAULT)) {
            return glob(pattern, text);
        }
        return defaultBranch == null ? text.equals("main") || text.equals("master") : text.equals(defaultBranch);
    }

    /** Goes back to the last star alone: a branch's name is hostile, and a regular expression could take ages over it. */
    static boolean glob(String pattern, String text) {
        int p = 0;
        int t = 0;
        int star = -1;
        int tried = 0;
        while (t < text.length()) {
            char wanted = p < pattern.length() ? pattern.charAt(p) : 0;
            if (wanted == '*') {
                star = p++;
                tried = t;
            } else if (p < pattern.length() && (wanted == '?' || wanted == text.charAt(t))) {
                p++;
                t++;
            } else if (star >= 0) {
                p = star + 1;
                t = ++tried;
            } else {
                return false;
            }
        }
        return pattern.substring(p).chars().allMatch(c -> c == '*');
    }
}
