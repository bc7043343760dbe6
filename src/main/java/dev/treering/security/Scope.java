package dev.treering.security;

import java.util.Set;

/** What a caller may do. The doors name one each in {@code @RolesAllowed}; who has {@code admin} has all of them. */
public final class Scope {

    public static final String HISTORY_READ = "history:read";

    public static final String AUDIT_READ = "audit:read";

    public static final String NOTIFY_ADMIN = "notify:admin";

    public static final String ADMIN = "admin";

    public static final Set<String> ALL = Set.of(HISTORY_READ, AUDIT_READ, NOTIFY_ADMIN, ADMIN);

    private Scope() {}
}
