package dev.treering.security;

import java.util.Base64;
import java.util.Locale;
import java.util.Optional;

import io.vertx.core.http.HttpServerRequest;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * The token of a request, in the three places where CircleCI's clients put it. Where both headers are there, Circle-Token
 * is CircleCI's own and goes there. The fourth place, {@code ?circle-token=}, is not read: an address ends up in logs.
 */
final class PresentedToken {

    private PresentedToken() {}

    static Optional<String> in(HttpServerRequest request) {
        return Optional.ofNullable(request.getHeader("Authorization"))
                .flatMap(PresentedToken::ofAuthorization)
                .or(() -> Optional.ofNullable(request.getHeader("Circle-Token")));
    }

    /** The token of {@code Bearer <token>} or {@code Basic <base64 of token:>}; empty for any other scheme. */
    static Optional<String> ofAuthorization(String header) {
        String[] parts = header.strip().split(" +", 2);
        String credentials = parts.length == 2 ? parts[1] : "";
        return switch (parts[0].toLowerCase(Locale.ROOT)) {
            case "bearer" -> Optional.of(credentials);
            case "basic" -> Optional.of(userOf(credentials));
            default -> Optional.empty();
        };
    }

    // What cannot be decoded, or has a password too, is a wrong token (the empty one), not a missing one.
    private static String userOf(String credentials) {
        try {
            String pair = new String(Base64.getDecoder().decode(credentials), UTF_8);
            return pair.endsWith(":") && pair.indexOf(':') == pair.length() - 1
                    ? pair.substring(0, pair.length() - 1)
                    : "";
        } catch (IllegalArgumentException notBase64) {
            return "";
        }
    }
}
