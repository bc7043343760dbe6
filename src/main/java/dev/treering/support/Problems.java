package dev.treering.support;

import java.sql.SQLException;
import java.util.Map;
import java.util.Objects;

import jakarta.persistence.PersistenceException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;

import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import io.quarkus.logging.Log;
import io.quarkus.oidc.OIDCException;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.ForbiddenException;
import io.quarkus.security.UnauthorizedException;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

import static java.util.stream.Collectors.joining;

/**
 * Every error of the REST doors, in one place: RFC 9457 problems, and on {@code /api/v2} CircleCI's own
 * {@code {"message": …}}, which its clients expect. What went wrong inside is for the log, never for the caller.
 */
final class Problems {

    private static final String TOKEN_NEEDED =
            "Send your Treering token as Circle-Token, as Authorization: Bearer, or as the user name of HTTP Basic";

    @ServerExceptionMapper
    Response problem(Problem e, UriInfo uri) {
        return answer(e, uri);
    }

    @ServerExceptionMapper
    Response refused(WebApplicationException e, UriInfo uri) {
        int status = e.getResponse().getStatus();
        String detail = status == 404 ? "There is nothing at this path" : Problem.title(status);
        return answer(new Problem(status, detail), uri);
    }

    @ServerExceptionMapper
    Response unreadable(MismatchedInputException e, UriInfo uri) {
        String place = e.getPath().stream()
                .map(JsonMappingException.Reference::getFieldName)
                .filter(Objects::nonNull)
                .collect(joining(".", "'", "'"));
        String detail = e instanceof UnrecognizedPropertyException unknown
                ? "%s is unknown here; there are %s".formatted(place, unknown.getKnownPropertyIds())
                : "The body's %s is not of the kind that is asked for".formatted(place);
        return answer(Problem.badRequest(detail), uri);
    }

    @ServerExceptionMapper({UnauthorizedException.class, AuthenticationFailedException.class})
    Response unauthorized(UriInfo uri) {
        return Response.fromResponse(answer(new Problem(401, TOKEN_NEEDED), uri))
                .header("WWW-Authenticate", "Bearer realm=\"treering\"")
                .build();
    }

    @ServerExceptionMapper
    Response forbidden(ForbiddenException e, UriInfo uri) {
        return answer(new Problem(403, "Your token does not have the scope for this"), uri);
    }

    @ServerExceptionMapper({PersistenceException.class, SQLException.class})
    Response databaseAway(Exception e, UriInfo uri) {
        SQLException cause = sqlException(e);
        // Class 22: a value that no such column can hold, such as a text with NUL, or a time beyond all times.
        if (cause != null && String.valueOf(cause.getSQLState()).startsWith("22")) {
            return answer(Problem.badRequest("A value of this request holds what cannot be asked for"), uri);
        }
        if (cause != null && String.valueOf(cause.getMessage()).contains("statement timeout")) {
            return answer(new Problem(503, "This takes too long; ask for less, such as a shorter span"), uri);
        }
        Log.warnf("A read of %s failed: %s", uri.getPath(), e.getMessage());
        return answer(new Problem(503, "The database does not answer; try again"), uri);
    }

    private static SQLException sqlException(Throwable e) {
        return e == null || e instanceof SQLException ? (SQLException) e : sqlException(e.getCause());
    }

    @ServerExceptionMapper
    Response issuerAway(OIDCException e, UriInfo uri) {
        Log.warnf("An issuer's token cannot be checked: %s", e.getMessage());
        return answer(new Problem(503, "The issuer of your token does not answer; try again"), uri);
    }

    @ServerExceptionMapper
    Response unexpected(Exception e, UriInfo uri) {
        Log.errorf(e, "A request to %s failed", uri.getPath());
        return answer(new Problem(500, "This is a fault of Treering; its log says more"), uri);
    }

    private static Response answer(Problem problem, UriInfo uri) {
        boolean circleCi = uri.getPath().startsWith("/api/v2");
        return Response.status(problem.status())
                .header("Retry-After", problem.status() == 503 ? 5 : null)
                .type(circleCi ? MediaType.APPLICATION_JSON : Problem.MEDIA_TYPE)
                .entity(circleCi ? Map.of("message", problem.getMessage()) : problem.body(uri.getPath()))
                .build();
    }
}
