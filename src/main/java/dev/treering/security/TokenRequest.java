package dev.treering.security;

import io.quarkus.security.identity.request.BaseAuthenticationRequest;

/** A token that somebody shows. */
final class TokenRequest extends BaseAuthenticationRequest {

    final String token;

    TokenRequest(String token) {
        this.token = token;
    }
}
