package dev.treering.live;

import java.time.Duration;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import org.hibernate.validator.constraints.time.DurationMin;

/** The stream of events, under {@code treering.live.}. */
@ConfigMapping(prefix = "treering.live")
public interface LiveConfig {

    /** Streams of one instance at once; who comes then is told to come again. */
    @WithDefault("1000")
    @Min(1)
    int clients();

    /** How far back a stream can be resumed, as far as the next two allow. */
    @WithDefault("5m")
    @DurationMin(seconds = 1)
    Duration ringSpan();

    /** Events that are kept for that. */
    @WithDefault("50000")
    @Min(100)
    @Max(1_000_000)
    int ringEvents();

    /** The memory that they may take. */
    @WithDefault("32M")
    MemorySize ringSize();

    /** What waits for one client beside what its connection holds; more is not given to it before it reads. */
    @WithDefault("128K")
    MemorySize clientQueue();

    /** How long a client may leave its full queue unread; then its stream is ended. */
    @WithDefault("5s")
    @DurationMin(millis = 100)
    Duration patience();

    /**
     * How often a quiet stream says that it is there, and every stream's token is looked at again. Shorter than {@code
     * quarkus.http.idle-timeout}, which would end it.
     */
    @WithDefault("10s")
    @DurationMin(seconds = 1)
    Duration heartbeat();
}
