package dev.treering.api;

import java.util.Locale;

/** Version control providers as API v2 spells them; webhooks write them small. */
final class Provider {

    private Provider() {}

    static String spell(String provider) {
        if (provider == null) {
            return null;
        }
        return switch (provider.toLowerCase(Locale.ROOT)) {
            case "github", "gh" -> "GitHub";
            case "bitbucket", "bb" -> "Bitbucket";
            case "circleci" -> "CircleCI";
            case "gitlab" -> "GitLab";
            default -> provider;
        };
    }
}
