package dev.treering.api;

import java.net.URI;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.PreMatching;
import jakarta.ws.rs.ext.Provider;

import dev.treering.support.Problem;
import dev.treering.support.Role;
import dev.treering.support.TreeringConfig;

/** Before a resource is chosen: is this the instance to ask, and is the slug escaped into one segment? */
@Provider
@PreMatching
@ApplicationScoped // made at the first request: filters are wired at build time, before there are settings
class ApiFilter implements ContainerRequestFilter {

    private static final Pattern ESCAPED_SLASH = Pattern.compile("%2F", Pattern.CASE_INSENSITIVE);

    // gh%2Facme%2Fweb is what many clients send for a slug; it names the same as gh/acme/web. What follows it stays as
    // it
    // is: a workflow's name may hold a slash of its own.
    private static final Pattern SLUG = Pattern.compile(
            "(/(?:api/(?:v2/(?:project|insights(?:/pages|/time-series)?)|projects)|badge)/)PART(?:/|%2F)PART(?:(?:/|%2F)PART)?(?=/|$)"
                    .replace("PART", "((?:(?!%2F)[^/])+)"),
            Pattern.CASE_INSENSITIVE);

    private static final String V2 = "/api/v2";

    private final boolean played;

    ApiFilter(TreeringConfig config) {
        this.played = config.roles().contains(Role.API);
    }

    @Override
    public void filter(ContainerRequestContext request) {
        URI uri = uri(request);
        String path = uri.getRawPath();
        if (path.startsWith(V2) && !played) {
            throw Problem.notFound("This instance does not answer reads; ask one with the role api");
        }
        String led = lead(request.getMethod(), withPlainSlug(path));
        if (!led.equals(path)) {
            String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
            // It is unescaped once here and, as every path is, once more when its parts are read.
            request.setRequestUri(uri.resolve(led.replace("%", "%25") + query));
        }
    }

    private static URI uri(ContainerRequestContext request) {
        try {
            return request.getUriInfo().getRequestUri();
        } catch (RuntimeException e) {
            throw Problem.badRequest("The address has characters that must be escaped");
        }
    }

    private static String withPlainSlug(String path) {
        Matcher slug = SLUG.matcher(path);
        return slug.lookingAt()
                ? slug.group(1)
                        + ESCAPED_SLASH
                                .matcher(slug.group().substring(slug.end(1)))
                                .replaceAll("/")
                        + path.substring(slug.end())
                : path;
    }

    private static String lead(String method, String path) {
        return path.startsWith(V2 + "/")
                        && Forwarding.of(method, path.substring(V2.length())).isPresent()
                ? Forwarding.PATH + path.substring(V2.length())
                : path;
    }
}
