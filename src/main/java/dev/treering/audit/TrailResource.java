package dev.treering.audit;

import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.ResponseBuilder;
import jakarta.ws.rs.core.UriInfo;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.treering.audit.TrailSearch.Search;
import dev.treering.event.ProjectSlug;
import dev.treering.history.History;
import dev.treering.history.ProjectView;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.PageToken;
import dev.treering.support.Problem;
import dev.treering.support.Times;
import io.vertx.core.http.HttpServerRequest;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;

import static java.nio.charset.StandardCharsets.UTF_8;

/** {@code GET /api/trail}: what was received and done, as JSON a page at a time, or all of it as lines; and one entry with its bytes. */
@Path("/api/trail")
@RolesAllowed(Scope.AUDIT_READ)
public class TrailResource {

    private static final int PAGE = 100;

    private final TrailSearch trail;
    private final Export export;
    private final History history;
    private final Caller caller;
    private final Clock clock;

    TrailResource(TrailSearch trail, Export export, History history, Caller caller, Clock clock) {
        this.trail = trail;
        this.export = export;
        this.history = history;
        this.caller = caller;
        this.clock = clock;
    }

    /** Entries, newest first; either token is null where there is no such page. */
    public record Found(List<Entry> items, String nextPageToken, String previousPageToken) {}

    /**
     * An entry with its bytes.
     *
     * @param eventSource {@code ce_source}
     * @param body as text; null where it is none, or was erased
     * @param bodyBase64 of what is no text
     * @param error why it could not be read, in full
     * @param saltedDigest SHA-256 of the salt and the bytes
     * @param chain SHA-256 over the link before and what does not change of this entry
     * @param changed what it told, row by row, and how much of that stands
     */
    public record Whole(
            @JsonUnwrapped Entry entry,
            String eventSource,
            String body,
            String bodyBase64,
            String error,
            String saltedDigest,
            String chain,
            List<History.Told> changed) {}

    @GET
    @Produces({MediaType.APPLICATION_JSON, Export.NDJSON, Export.CSV})
    @APIResponseSchema(Found.class)
    public Response search(
            @BeanParam Filter.Asked asked,
            @RestQuery String format,
            @RestQuery("page-token") String pageToken,
            @Context HttpHeaders headers,
            @Context UriInfo uri,
            @Context HttpServerRequest request)
            throws SQLException {
        String type = Export.type(format, headers);
        int filters = asked.hashCode();
        PageToken token = PageToken.decode(pageToken, filters);
        Search search = trail.search(filter(asked));
        return type.equals(MediaType.APPLICATION_JSON)
                ? page(search, token, filters, uri)
                : export.of(search, token == null ? null : Position.of(token), type, request.connection());
    }

    private Response page(Search search, PageToken token, int filters, UriInfo uri) throws SQLException {
        boolean newer = token != null && Position.isNewer(token);
        Position from = token == null ? null : Position.of(token);
        List<Entry> found = trail.page(search, from, newer, PAGE + 1);
        boolean more = found.size() > PAGE;
        // The one too many is the farthest from where the page begins.
        List<Entry> items = more ? newer ? found.subList(1, PAGE + 1) : found.subList(0, PAGE) : found;
        String next = null;
        String previous = null;
        if (!items.isEmpty()) {
            next = more || newer ? items.get(items.size() - 1).position().token(false, filters) : null;
            previous = newer ? more ? first(items, filters) : null : token != null ? first(items, filters) : null;
        }
        ResponseBuilder answer = Response.ok(new Found(items, next, previous));
        link(answer, uri, next, "next");
        link(answer, uri, previous, "prev");
        return answer.build();
    }

    private static String first(List<Entry> items, int filters) {
        return items.get(0).position().token(true, filters);
    }

    private static void link(ResponseBuilder answer, UriInfo uri, String token, String relation) {
        if (token != null) {
            URI page = uri.getRequestUriBuilder()
                    .replaceQueryParam("page-token", token)
                    .build();
            answer.header("Link", "<%s?%s>; rel=\"%s\"".formatted(page.getRawPath(), page.getRawQuery(), relation));
        }
    }

    private Filter filter(Filter.Asked asked) {
        if (asked.since() != null && asked.from() != null) {
            throw Problem.badRequest("'since' and 'from' are two words for one thing; give one of them");
        }
        Instant from = asked.since() != null ? time("since", asked.since()) : time("from", asked.from());
        return new Filter(asked, projects(asked.project()), from, time("to", asked.to()));
    }

    /** Those that are asked for, or that the caller sees; null for all. */
    private Set<UUID> projects(String named) {
        if (named == null) {
            return caller.projects().orElse(null);
        }
        return Optional.ofNullable(Filter.uuid(named))
                // Of one that the history was never told of there may be dead letters.
                .or(() -> history.project(slug(named)).map(ProjectView::id))
                .filter(caller::sees)
                .map(Set::of)
                .orElseThrow(() -> Problem.notFound("Project not found"));
    }

    private static String slug(String text) {
        try {
            return new ProjectSlug(text).value();
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest(e.getMessage());
        }
    }

    private Instant time(String name, String text) {
        if (text == null) {
            return null;
        }
        return Times.read(text, clock.instant(), -1)
                .orElseThrow(() -> Problem.badRequest(
                        "'%s' is no time: give 2026-11-24T08:00:00Z, 2026-11-24, 30d or 12h".formatted(name)));
    }

    @GET
    @Path("/{entry}")
    @Produces(MediaType.APPLICATION_JSON)
    public Whole entry(@RestPath String entry) throws SQLException {
        Optional<Position> position = Position.parse(entry);
        TrailSearch.Whole found = (position.isEmpty()
                        ? Optional.<TrailSearch.Whole>empty()
                        : trail.entry(position.get()))
                .filter(known -> caller.sees(Filter.uuid(String.valueOf(known.key()))))
                .orElseThrow(
                        () -> Problem.notFound(
                                "There is no such entry: an id is topic:partition:offset, and where offsets came again :milliseconds"));
        byte[] body = found.body();
        String text = text(body);
        return new Whole(
                found.entry(),
                found.from(),
                text,
                body == null || text != null ? null : Base64.getEncoder().encodeToString(body),
                found.error(),
                HexFormat.of().formatHex(found.saltedDigest()),
                HexFormat.of().formatHex(found.chain()),
                body == null ? List.of() : history.told(found.entry().topic(), body));
    }

    private static String text(byte[] body) {
        try {
            return body == null
                    ? null
                    : UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
        } catch (CharacterCodingException noText) {
            return null;
        }
    }
}
