package dev.treering.notification;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.Size;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** How messages leave, and whereto, under {@code treering.notification.delivery.}. */
@ConfigMapping(prefix = "treering.notification.delivery")
public interface DeliveryConfig {

    /** How often due messages are looked for; what is found is worked off without a break. */
    @WithDefault("1s")
    String interval();

    /** Messages under way at once; each channel has one of them at most, and all that fail together half of them. */
    @WithDefault("16")
    @Min(2)
    @Max(200)
    int concurrency();

    /** How long one attempt may take, from the look-up of the name to the head of the answer. */
    @WithDefault("15s")
    Duration deadline();

    /** The waits before each attempt, with up to a fifth of jitter on top; after the last the message has failed. */
    @WithDefault("0s,5s,5m,30m,2h,5h,10h")
    @Size(min = 2, max = 20)
    List<Duration> schedule();

    /** The time between two messages to one Slack channel; Slack takes about one a second. */
    @WithDefault("1s")
    Duration slackPace();

    /** How long nothing must have arrived until a channel is switched off. */
    @WithDefault("5d")
    Duration offAfter();

    /** How long the log of what was sent is kept. */
    @WithDefault("30d")
    Duration logRetention();

    /** Whether a URL may be {@code http}, for closed sites. */
    @WithDefault("false")
    boolean allowHttp();

    /** The ports that a URL may have. */
    @WithDefault("443")
    Set<Integer> allowedPorts();

    /**
     * For closed sites: where set, URLs may name these hosts only ({@code host}, or {@code host:port} for one beside
     * {@code allowed-ports}), and their addresses may lie inside.
     */
    Optional<Set<String>> allowedHosts();

    /** The sender of e-mails; without it there are no e-mail channels. The server is {@code quarkus.mailer.host}. */
    Optional<String> mailFrom();
}
