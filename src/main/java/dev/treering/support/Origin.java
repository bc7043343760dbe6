package dev.treering.support;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;

/** The address that a request came from: of a proxy's client where the settings name the proxy as trusted, else of the connection. */
public final class Origin {

    private Origin() {}

    /** Null where the connection is gone already. */
    public static String of(HttpServerRequest request) {
        SocketAddress address = request.remoteAddress();
        if (address == null) {
            return null;
        }
        // What a proxy writes may be a name.
        return address.hostAddress() != null ? address.hostAddress() : address.host();
    }
}
