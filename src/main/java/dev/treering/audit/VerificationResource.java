package dev.treering.audit;

import java.security.PublicKey;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Semaphore;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.StreamingOutput;

import dev.treering.audit.Verifier.Report;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestQuery;

/** {@code GET /api/trail/verification}: whether the trail is what it was. */
@Path("/api/trail/verification")
@Produces(Progress.MEDIA_TYPE)
@RolesAllowed(Scope.AUDIT_READ)
public class VerificationResource {

    private final Verifier verifier;
    private final Seal seal;
    private final Caller caller;
    private final Clock clock;
    // It reads everything there is; one of them is enough for an instance.
    private final Semaphore free = new Semaphore(1);

    VerificationResource(Verifier verifier, Seal seal, Caller caller, Clock clock) {
        this.verifier = verifier;
        this.seal = seal;
        this.caller = caller;
        this.clock = clock;
    }

    @GET
    public StreamingOutput verify(
            @RestQuery String topic, @RestQuery String partition, @RestQuery("public-key") List<String> publicKeys) {
        caller.mustSeeAll();
        Integer number = partition == null ? null : number(partition);
        List<PublicKey> trusted = publicKeys.isEmpty() ? seal.trusted() : keys(publicKeys);
        return Progress.of(
                clock,
                progress -> {
                    if (!free.tryAcquire()) {
                        return failed("Another verification runs here; it can be asked for again when that is over");
                    }
                    try {
                        return verifier.verify(topic, number, trusted, progress::tell);
                    } finally {
                        free.release();
                    }
                },
                VerificationResource::failed);
    }

    private static Report failed(String problem) {
        return new Report("failed", 0, 0, 0, 0, 0, null, List.of(), problem);
    }

    private static Integer number(String partition) {
        try {
            return Integer.valueOf(partition);
        } catch (NumberFormatException e) {
            throw Problem.badRequest("'partition' must be a number, not '%s'".formatted(partition));
        }
    }

    private static List<PublicKey> keys(List<String> given) {
        try {
            return given.stream().map(Seal::publicKey).toList();
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest("'public-key' must be the base64 of an Ed25519 public key in DER form");
        }
    }
}
