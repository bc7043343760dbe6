package dev.treering.webhook;

import java.util.List;
import java.util.Optional;

/** A door with its secrets. */
record Endpoint(String name, List<Secret> secrets) {

    // Each is tried on every body: a file of a thousand lines would be a thousand times the work for any stranger.
    private static final int MOST_SECRETS = 16;

    Endpoint {
        if (secrets.isEmpty()) {
            throw new IllegalArgumentException("the endpoint '%s' has no secret".formatted(name));
        }
        if (secrets.size() > MOST_SECRETS) {
            throw new IllegalArgumentException(
                    "the endpoint '%s' has more than %d secrets".formatted(name, MOST_SECRETS));
        }
    }

    static Endpoint of(String name, List<String> secrets) {
        return new Endpoint(
                name,
                secrets.stream().map(String::strip).distinct().map(Secret::new).toList());
    }

    /** The secret that signed the body, if one did. All are tried: which of them it was shows in no timing. */
    Optional<Secret> verify(byte[] body, byte[] signature) {
        Secret signer = null;
        for (Secret secret : secrets) {
            if (secret.signed(body, signature)) {
                signer = secret;
            }
        }
        return Optional.ofNullable(signer);
    }
}
