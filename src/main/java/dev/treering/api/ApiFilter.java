package dev.treering.api;

import java.net.URI;
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

    private static final Pattern SLUGS = Pattern.compile("/api/v2/project/|/api/projects/");

    private final boolean played;

    ApiFilter(TreeringConfig config) {
        this.played = config.roles().contains(Role.API);
    }

    @Override
    public void filter(ContainerRequestContext request) {
        URI uri = request.getUriInfo().getRequestUri();
        String path = uri.getRawPath();
        if (path.startsWith("/api/v2/") && !played) {
            throw Problem.notFound("This instance does not answer reads; ask one with the role api");
        }
        // gh%2Facme%2Fweb is what many clients send for a slug; it names the same as gh/acme/web.
        if (SLUGS.matcher(path).lookingAt() && ESCAPED_SLASH.matcher(path).find()) {
            String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
            request.setRequestUri(uri.resolve(ESCAPED_SLASH.matcher(path).replaceAll("/") + query));
        }
    }
}
