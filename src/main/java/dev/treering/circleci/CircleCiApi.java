package dev.treering.circleci;

import java.util.UUID;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Response;

/** The paths of API v2 that we ask. Bodies come as bytes: an error's may be plain text or nothing. */
@Produces("application/json")
interface CircleCiApi {

    String TOKEN = "Circle-Token";

    @GET
    @Path("/workflow/{id}")
    Response workflow(@HeaderParam(TOKEN) String token, @PathParam("id") UUID id);

    @GET
    @Path("/workflow/{id}/job")
    Response workflowJobs(
            @HeaderParam(TOKEN) String token, @PathParam("id") UUID id, @QueryParam("page-token") String pageToken);

    @GET
    @Path("/pipeline/{id}")
    Response pipeline(@HeaderParam(TOKEN) String token, @PathParam("id") UUID id);

    @GET
    @Path("/project/{slug}")
    Response project(@HeaderParam(TOKEN) String token, @PathParam("slug") String slug);

    @GET
    @Path("/project/{slug}/job/{number}")
    Response job(@HeaderParam(TOKEN) String token, @PathParam("slug") String slug, @PathParam("number") long number);
}
