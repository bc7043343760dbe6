package dev.treering.live;

import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import dev.treering.live.Ring.Place;
import dev.treering.security.Pass;
import dev.treering.security.Tokens;
import dev.treering.support.Notice;
import dev.treering.support.Problem;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import io.vertx.ext.web.RoutingContext;
import org.apache.kafka.clients.consumer.ConsumerRecord;

import static java.util.stream.Collectors.toUnmodifiableSet;

/** The streams and their heartbeat. */
@Singleton
class StreamsJob {

    private static final String STOPS = "This instance stops; come again";

    // Five minutes, as the heartbeat is.
    private static final int MOST_BEATS_UNKNOWN = 30;

    private final Ring ring;
    private final LiveConfig config;
    private final Tokens tokens;
    private final Clock clock;
    private final Notice unknown = new Notice();
    private final Set<Client> clients;
    private int beatsUnknown;
    private volatile boolean stopping;
    private final Counter events;

    StreamsJob(Ring ring, LiveConfig config, Tokens tokens, Clock clock, MeterRegistry registry) {
        this.ring = ring;
        this.config = config;
        this.tokens = tokens;
        this.clock = clock;
        clients = registry.gaugeCollectionSize("treering.live.clients", Tags.empty(), ConcurrentHashMap.newKeySet());
        events = Counter.builder("treering.live.events")
                .description("Events read for streams")
                .register(registry);
    }

    void open(RoutingContext routing, String lastEventId, Filter filter, Pass pass) {
        if (stopping) {
            throw new Problem(503, STOPS);
        }
        if (clients.size() >= config.clients()) {
            throw new Problem(503, "There are already %d streams here; come again".formatted(config.clients()));
        }
        Client client = new Client(routing, ring, new Place(lastEventId), filter, pass, config, clients::remove);
        clients.add(client);
        client.wake();
        if (stopping) {
            // The stop may have looked before it was there.
            client.dismiss(STOPS);
        }
    }

    void begin(String log, long[] from, long[] end) {
        ring.begin(log, from, end);
        clients.forEach(Client::wake);
    }

    void tell(Iterable<ConsumerRecord<byte[], byte[]>> records) {
        for (ConsumerRecord<byte[], byte[]> record : records) {
            ring.add(record);
            events.increment();
        }
        clients.forEach(Client::wake);
    }

    /** Shows every client that it is still heard, and the door to those whose token does not hold any more. */
    @Scheduled(
            every = "${treering.live.heartbeat}",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void beat() {
        Set<UUID> shown = clients.stream()
                .map(client -> client.pass().token())
                .flatMap(Optional::stream)
                .collect(toUnmodifiableSet());
        Set<UUID> holding = shown.isEmpty() ? shown : holding(shown);
        Instant now = clock.instant();
        for (Client client : clients) {
            Pass pass = client.pass();
            if (pass.token().filter(token -> !holding.contains(token)).isPresent()
                    || pass.until().filter(now::isAfter).isPresent()) {
                client.dismiss("Your token does not hold any more");
            } else {
                client.beat();
            }
        }
    }

    private Set<UUID> holding(Set<UUID> shown) {
        try {
            Set<UUID> holding = tokens.holding(shown);
            unknown.over();
            beatsUnknown = 0;
            return holding;
        } catch (SQLException e) {
            // Who was let in stays for a while: nothing happens that could be told while the database is away. It may
            // be away from here alone, though.
            unknown.say("The tokens of streams cannot be looked up, trying again: " + e.getMessage());
            return ++beatsUnknown > MOST_BEATS_UNKNOWN ? Set.of() : shown;
        }
    }

    /** Before a stop waits for requests to end, which these would never do. */
    void stop(@Observes ShutdownDelayInitiatedEvent event) {
        stopping = true;
        clients.forEach(client -> client.dismiss(STOPS));
    }
}
