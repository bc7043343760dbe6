package dev.treering.api;

import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import dev.treering.event.ProjectSlug;
import dev.treering.history.History;
import dev.treering.history.ProjectView;
import dev.treering.security.Caller;
import dev.treering.security.Scope;

/** {@code /api/v2/me}: who is asking, and the organisations whose projects they see. */
@Path("/api/v2/me")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(Scope.HISTORY_READ)
public class UserResource {

    private final History history;
    private final Caller caller;

    UserResource(History history, Caller caller) {
        this.history = history;
        this.caller = caller;
    }

    /** A user as API v2 gives one. */
    record User(UUID id, String login, String name, String avatarUrl) {}

    /** An organisation as API v2 gives one of the caller's. */
    record Collaboration(UUID id, String vcsType, String name, String avatarUrl, String slug) {

        static Collaboration of(ProjectView project) {
            String slug = new ProjectSlug(project.slug()).organization();
            String vcs = slug.substring(0, slug.indexOf('/'));
            String type = switch (vcs) {
                case "gh" -> "github";
                case "bb" -> "bitbucket";
                default -> vcs;
            };
            return new Collaboration(project.organizationId(), type, project.organizationName(), null, slug);
        }
    }

    @GET
    public User me() {
        return new User(caller.id(), caller.name(), caller.name(), null);
    }

    @GET
    @Path("/collaborations")
    public List<Collaboration> collaborations() {
        return history.projects().stream()
                .filter(project -> caller.sees(project.id()))
                .map(Collaboration::of)
                .collect(Collectors.toCollection(() -> new TreeSet<>(Comparator.comparing(Collaboration::slug))))
                .stream()
                .toList();
    }
}
