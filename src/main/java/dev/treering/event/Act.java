package dev.treering.event;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.time.Instant;
import java.util.UUID;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * What somebody had Treering do by a request that changes something, the value on {@link Topics#ACTS}: once before it was
 * done, and once after. Never what the request's body or query held, for that may be a secret.
 *
 * @param id of the request; both records have the same one
 * @param at by our clock
 * @param actor the name of the caller's token, or whom the issuer of a bearer token calls its subject
 * @param actorId of the token; for whoever has none, one made of the name
 * @param origin the address it came from
 * @param operation its name at {@code /openapi}: {@code Token_create}
 * @param dryRun whether it was only to be planned; null where that cannot be asked for
 * @param status what was answered; null before
 */
public record Act(
        UUID id,
        Instant at,
        String actor,
        UUID actorId,
        String origin,
        String method,
        String path,
        String operation,
        Boolean dryRun,
        Integer status) {

    /** What the type of both its records begins with: {@code dev.treering.act.begun} and {@code …ended}. */
    public static final String TYPE = "dev.treering.act.";

    private static final String SOURCES = "/actors/";
    private static final int LONGEST = 240;

    public Act {
        if (id == null || at == null || actor == null || method == null || path == null) {
            throw new IllegalArgumentException("an act has id, at, actor, method and path");
        }
    }

    public Act ended(Instant at, int status) {
        return new Act(id, at, actor, actorId, origin, method, path, operation, dryRun, status);
    }

    /** Where its records say they come from. */
    public String source() {
        return source(actor);
    }

    /** A URI whatever the name, and no longer than a header may be: of a very long name the end is left out. */
    public static String source(String actor) {
        String escaped = URLEncoder.encode(actor, UTF_8);
        return SOURCES
                + (escaped.length() <= LONGEST
                        ? escaped
                        : escaped.substring(0, LONGEST).replaceFirst("%.?$", ""));
    }

    /** The actor of such a source; null of any other. */
    public static String actor(String source) {
        try {
            return source != null && source.startsWith(SOURCES)
                    ? URLDecoder.decode(source.substring(SOURCES.length()), UTF_8)
                    : null;
        } catch (IllegalArgumentException notOurs) {
            return null;
        }
    }
}
