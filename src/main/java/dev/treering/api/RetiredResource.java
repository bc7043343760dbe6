package dev.treering.api;

import java.util.Map;

import jakarta.annotation.security.PermitAll;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

/** The endpoints of API v1 that v2 replaces: old clients are told by what, whoever they are. */
@Path("/api/{version:v1[.1]*}")
@Produces(MediaType.APPLICATION_JSON)
@PermitAll
public class RetiredResource {

    @POST
    @Path("/project/" + SlugPath.TEMPLATE)
    public Response trigger(@BeanParam SlugPath path) {
        return gone("POST", "/api/v2/project/" + path.encoded() + "/pipeline");
    }

    @POST
    @Path("/project/" + SlugPath.TEMPLATE + "/build")
    public Response build(@BeanParam SlugPath path) {
        return trigger(path);
    }

    @GET
    @Path("/recent-builds")
    public Response recentBuilds() {
        return gone("GET", "/api/v2/pipeline");
    }

    private static Response gone(String method, String successor) {
        return Response.status(Response.Status.GONE)
                .header("Link", "<%s>; rel=\"successor-version\"".formatted(successor))
                .entity(Map.of("message", "API v1 is gone here; use %s %s".formatted(method, successor)))
                .build();
    }
}
