package dev.treering.security;

import java.util.Collection;
import java.util.Set;

import static java.util.stream.Collectors.toUnmodifiableSet;

/** What a caller may do. The doors name one each in {@code @RolesAllowed}; who has {@code admin} has all of them. */
public final class Scope {

    public static final String HISTORY_READ = "history:read";

    public static final String AUDIT_READ = "audit:read";

    public static final String NOTIFY_ADMIN = "notify:admin";

    public static final String ADMIN = "admin";

    public static final Set<String> ALL = Set.of(HISTORY_READ, AUDIT_READ, NOTIFY_ADMIN, ADMIN);

    private Scope() {}

    /** What these words allow: words that are no scopes nothing. */
    static Set<String> of(Collection<String> words) {
        return words.contains(ADMIN)
                ? ALL
                : words.stream().filter(ALL::contains).collect(toUnmodifiableSet());
    }
}
