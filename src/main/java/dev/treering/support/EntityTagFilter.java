package dev.treering.support;

import java.io.IOException;
import java.util.Base64;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response.Status;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Gives what is read under {@code /api} as JSON, CCTray's XML and badges an {@code ETag}, so that who asks again for what has not
 * changed gets a 304 without a body. Other answers (errors, streams) pass as they are.
 */
final class EntityTagFilter {

    private final ObjectMapper json;

    EntityTagFilter(ObjectMapper json) {
        this.json = json;
    }

    @ServerResponseFilter
    void tag(ContainerRequestContext request, ContainerResponseContext response) throws IOException {
        if (!isRead(request, response)) {
            return;
        }
        // Written once: these bytes are digested and sent.
        byte[] document = response.getEntity() instanceof String text
                ? text.getBytes(UTF_8)
                : json.writeValueAsBytes(response.getEntity());
        EntityTag tag = new EntityTag(digest(document), true);
        response.getHeaders().putSingle(HttpHeaders.ETAG, tag);
        response.getHeaders().putSingle(HttpHeaders.CACHE_CONTROL, "private, no-cache");
        response.getHeaders().putSingle(HttpHeaders.VARY, "Accept, Authorization, Circle-Token");
        if (request.getRequest().evaluatePreconditions(tag) == null) {
            response.setEntity(document);
        } else {
            response.setStatusInfo(Status.NOT_MODIFIED);
            response.setEntity(null);
        }
    }

    private static boolean isRead(ContainerRequestContext request, ContainerResponseContext response) {
        Object entity = response.getEntity();
        if (response.getStatus() != 200
                || !(request.getMethod().equals("GET") || request.getMethod().equals("HEAD"))
                || entity == null) {
            return false;
        }
        String path = request.getUriInfo().getPath();
        if (path.equals("/cc.xml") || path.startsWith("/badge/")) {
            return entity instanceof String;
        }
        return path.startsWith("/api/")
                && MediaType.APPLICATION_JSON_TYPE.isCompatible(response.getMediaType())
                && !(entity instanceof byte[] || entity instanceof CharSequence);
    }

    private static String digest(byte[] document) {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(Digests.sha256().digest(document))
                .substring(0, 22);
    }
}
