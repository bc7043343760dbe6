package dev.treering.event;

import java.util.regex.Pattern;

/**
 * A project slug in the short form of API v2: {@code gh/acme/web}, {@code bb/acme/web}, {@code circleci/<org>/<project>}.
 * Webhooks spell the version control system out ({@code github/acme/web}); both forms name the same project.
 */
public record ProjectSlug(String value) {

    private static final Pattern THREE_PARTS = Pattern.compile("[^/\\p{Cntrl}]+/[^/\\p{Cntrl}]+/[^/\\p{Cntrl}]+");

    public ProjectSlug {
        if (value == null || !THREE_PARTS.matcher(value).matches()) {
            throw new IllegalArgumentException(
                    "'%s' is no project slug: it has three parts, such as gh/acme/web".formatted(value));
        }
        value = shorten(value);
    }

    /** Of the three parts of a path. */
    public static ProjectSlug of(String vcs, String organization, String project) {
        return new ProjectSlug(vcs + "/" + organization + "/" + project);
    }

    private static String shorten(String slug) {
        if (slug.startsWith("github/")) {
            return "gh" + slug.substring("github".length());
        }
        if (slug.startsWith("bitbucket/")) {
            return "bb" + slug.substring("bitbucket".length());
        }
        return slug;
    }

    /** The organization's slug, {@code gh/acme}. */
    public String organization() {
        return value.substring(0, value.lastIndexOf('/'));
    }

    @Override
    public String toString() {
        return value;
    }
}
