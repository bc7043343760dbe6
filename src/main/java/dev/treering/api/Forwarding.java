package dev.treering.api;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import dev.treering.event.ProjectSlug;

import static java.nio.charset.StandardCharsets.UTF_8;

/** The operations of API v2 that the history cannot answer. No other is ever handed on. */
final class Forwarding {

    /** Where such a request is led, so that no door of the same beginning takes it. */
    static final String PATH = "/api/v2-forwarded";

    static final List<Operation> OPERATIONS =
            """
            GET POST          /context
            GET DELETE        /context/{context-id}
            GET               /context/{context-id}/environment-variable
            PUT DELETE        /context/{context-id}/environment-variable/{env-var-name}
            GET POST          /context/{context-id}/restrictions
            DELETE            /context/{context-id}/restrictions/{restriction-id}
            GET               /insights/{project-slug}/flaky-tests
            GET               /insights/{project-slug}/workflows/{workflow-name}/test-metrics
            GET               /user/{id}
            POST              /pipeline/continue
            POST              /project/{project-slug}/pipeline
            POST              /project/{project-slug}/pipeline/run
            POST              /project/{project-slug}/job/{job-number}/cancel
            POST              /jobs/{job-id}/cancel
            POST              /workflow/{id}/approve/{approval-request-id}
            POST              /workflow/{id}/cancel
            POST              /workflow/{id}/rerun
            GET POST          /webhook
            GET PUT DELETE    /webhook/{webhook-id}
            DELETE            /project/{project-slug}
            GET PATCH         /project/{project-slug}/settings
            GET POST          /project/{project-slug}/checkout-key
            GET DELETE        /project/{project-slug}/checkout-key/{fingerprint}
            GET POST          /project/{project-slug}/envvar
            GET DELETE        /project/{project-slug}/envvar/{name}
            GET POST          /project/{project-slug}/schedule
            GET PATCH DELETE  /schedule/{schedule-id}
            POST              /organization
            GET DELETE        /organization/{org-slug-or-id}
            POST              /organization/{org-slug-or-id}/project
            GET POST          /organizations/{org-id}/groups
            GET DELETE        /organizations/{org-id}/groups/{group-id}
            POST              /organizations/{org-id}/usage_export_job
            GET               /organizations/{org-id}/usage_export_job/{usage-export-job-id}
            GET PATCH DELETE  /org/{org-id}/oidc-custom-claims
            GET PATCH DELETE  /org/{org-id}/project/{project-id}/oidc-custom-claims
            GET POST          /owner/{owner-id}/context/{context}/decision
            GET PATCH         /owner/{owner-id}/context/{context}/decision/settings
            GET               /owner/{owner-id}/context/{context}/decision/{decision-id}
            GET               /owner/{owner-id}/context/{context}/decision/{decision-id}/policy-bundle
            GET POST          /owner/{owner-id}/context/{context}/policy-bundle
            GET               /owner/{owner-id}/context/{context}/policy-bundle/{policy-name}
            GET POST          /projects/{project-id}/pipeline-definitions
            GET PATCH DELETE  /projects/{project-id}/pipeline-definitions/{definition-id}
            GET POST          /projects/{project-id}/pipeline-definitions/{definition-id}/triggers
            GET PATCH DELETE  /projects/{project-id}/triggers/{trigger-id}
            POST              /projects/{project-id}/rollback
            GET               /deploy/environments
            GET               /deploy/environments/{environment-id}
            GET               /deploy/components
            GET               /deploy/components/{component-id}
            GET               /deploy/components/{component-id}/versions
            GET POST          /otel/exporters
            DELETE            /otel/exporters/{exporter-id}
            """.lines().flatMap(Forwarding::operations).toList();

    // Whoever unescapes a part once more must not find steps in it.
    private static final Pattern DOTS = Pattern.compile("(^|[/\\\\])\\.{1,2}([/\\\\]|$)");

    private Forwarding() {}

    record Operation(String method, String template, Pattern path) {}

    /**
     * A request that may go on.
     *
     * @param path below the base address, made anew from its parts: whatever stood between them does not travel
     * @param slug of the project whose operation it is; null where it is none of a project's
     */
    record Forwarded(Operation operation, String path, String slug) {}

    private static Stream<Operation> operations(String line) {
        String[] words = line.split(" +");
        String template = words[words.length - 1];
        Pattern path = Pattern.compile(template.replace("{project-slug}", "([^/]+/[^/]+/[^/]+)")
                .replace("{org-slug-or-id}", "(?:(?:gh|github|bb|bitbucket|circleci)/)?[^/]+")
                .replaceAll("\\{[^}]+}", "[^/]+"));
        return Arrays.stream(words, 0, words.length - 1).map(method -> new Operation(method, template, path));
    }

    /** @param path below {@code /api/v2}, as it stands in the request */
    static Optional<Forwarded> of(String method, String path) {
        return OPERATIONS.stream()
                .filter(operation -> operation.method.equals(method))
                .flatMap(operation -> of(operation, operation.path.matcher(path)))
                .findFirst();
    }

    private static Stream<Forwarded> of(Operation operation, Matcher matcher) {
        if (!matcher.matches()) {
            return Stream.empty();
        }
        try {
            String slug = !operation.template.startsWith("/project/")
                    ? null
                    : new ProjectSlug(decode(matcher.group(1))).value();
            String path = Arrays.stream(matcher.group().substring(1).split("/"))
                    .map(part -> "/" + encode(decode(part)))
                    .collect(Collectors.joining());
            return Stream.of(new Forwarded(operation, path, slug));
        } catch (IllegalArgumentException noSuchPath) {
            return Stream.empty();
        }
    }

    static String encode(String text) {
        return URLEncoder.encode(text, UTF_8).replace("+", "%20");
    }

    private static String decode(String part) {
        String text = URLDecoder.decode(part.replace("+", "%2B"), UTF_8);
        if (DOTS.matcher(text).find() || text.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("no part of a path");
        }
        return text;
    }
}
