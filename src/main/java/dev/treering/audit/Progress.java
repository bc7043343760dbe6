package dev.treering.audit;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Clock;
import java.time.Instant;
import java.util.function.Function;

import jakarta.ws.rs.core.StreamingOutput;

import com.fasterxml.jackson.databind.ObjectWriter;
import dev.treering.support.Json;
import io.quarkus.logging.Log;

/** Answers what takes longer than a connection may be silent: a line a second, the last of which is the result. */
final class Progress {

    static final String MEDIA_TYPE = "application/x-ndjson";

    private static final ObjectWriter JSON = Json.CIRCLECI.writer();

    private final Clock clock;
    private final OutputStream out;
    private Instant due;

    private Progress(Clock clock, OutputStream out) {
        this.clock = clock;
        this.out = out;
        due = clock.instant().plusSeconds(1);
    }

    interface Work {

        /** The last line. */
        Object run(Progress progress) throws Exception;
    }

    /** @param failure the last line of work that did not come to its end, by the reason */
    static StreamingOutput of(Clock clock, Work work, Function<String, Object> failure) {
        return out -> {
            Progress progress = new Progress(clock, out);
            Object last;
            try {
                last = work.run(progress);
            } catch (Gone e) {
                Log.debugf("Nobody waits for the rest any more: %s", e.getMessage());
                return;
            } catch (Exception e) {
                Log.warnf("What was asked for did not come to its end: %s", e);
                last = failure.apply(String.valueOf(e.getMessage()));
            }
            progress.line(last);
        };
    }

    /** Who asked does not listen any more. */
    private static final class Gone extends IOException {

        private Gone(IOException cause) {
            super(cause);
        }
    }

    /** Writes a line, unless there was one within a second. */
    void tell(Object now) throws IOException {
        if (!clock.instant().isBefore(due)) {
            line(now);
            due = clock.instant().plusSeconds(1);
        }
    }

    private void line(Object value) throws IOException {
        byte[] json = JSON.writeValueAsBytes(value);
        try {
            out.write(json);
            out.write('\n');
            out.flush();
        } catch (IOException e) {
            throw new Gone(e);
        }
    }
}
