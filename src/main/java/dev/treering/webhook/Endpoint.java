package dev.treering.webhook;

import java.util.List;
import java.util.Optional;

/** A door with its secrets. */
record Endpoint(String name, List<Secret> secrets) {

    Endpoint {
        if (secrets.isEmpty()) {
            throw new IllegalArgumentException("the endpoint '%s' has no secret".formatted(name));
        }
    }

    static Endpoint of(String name, List<String> secrets) {
        return new Endpoint(
                name, secrets.stream().map(String::strip).map(Secret::new).toList());
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
