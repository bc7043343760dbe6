package dev.treering.notification;

import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import jakarta.inject.Singleton;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.treering.notification.Channel.Target;
import dev.treering.notification.Deliveries.Claimed;
import dev.treering.notification.Guard.Refused;
import dev.treering.notification.Outbound.Reply;
import dev.treering.support.Json;
import dev.treering.support.Vault.Locked;
import io.quarkus.mailer.Mail;
import io.quarkus.mailer.reactive.ReactiveMailer;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Carries one message to one channel, in that channel's form, and says how it went. */
@Singleton
class Sender {

    /** What Standard Webhooks recommends as the largest body. */
    private static final int LARGEST_BODY = 20_000;

    private static final int LONGEST_TEXT = 200;
    private static final int LONGEST_ERROR = 300;

    private final Channels channels;
    private final Outbound outbound;
    private final ReactiveMailer mailer;
    private final DeliveryConfig config;
    private final Clock clock;

    Sender(Channels channels, Outbound outbound, ReactiveMailer mailer, DeliveryConfig config, Clock clock) {
        this.channels = channels;
        this.outbound = outbound;
        this.mailer = mailer;
        this.config = config;
        this.clock = clock;
    }

    /**
     * How an attempt ended.
     *
     * @param status of the HTTP answer; null without one
     * @param error null where it arrived
     * @param retryAfter what the target asked for; null where it did not
     * @param gone the target says that it will never be there again
     */
    record Outcome(
            boolean arrived, Integer status, int latencyMillis, String error, Duration retryAfter, boolean gone) {}

    /** The body of a webhook; the message's id stands in the header. */
    private record Body(String type, Instant timestamp, JsonNode data) {}

    Outcome send(Claimed claimed) throws InterruptedException {
        long start = System.nanoTime();
        Reply reply = null;
        String error = null;
        try {
            if (claimed.message() == null) {
                throw new IOException("this version of Treering cannot read the message");
            }
            Target target = channels.open(claimed.channelId(), claimed.target());
            if (claimed.kind().equals(Channel.WEBHOOK) && target.secrets().isEmpty()) {
                throw new IOException("the channel has no secret to sign with: make one");
            }
            switch (claimed.kind()) {
                case Channel.SLACK -> reply = slack(target, claimed.message());
                case Channel.WEBHOOK -> reply = webhook(target, claimed.message());
                default -> mail(target, claimed.message());
            }
            if (reply != null && reply.status() / 100 != 2) {
                error = "It answered %d%s"
                        .formatted(reply.status(), reply.status() / 100 == 3 ? "; redirects are not followed" : "");
            }
        } catch (Refused e) {
            error = "The URL is not called: " + e.getMessage();
        } catch (Locked e) {
            error = "The channel's target cannot be read: " + e.getMessage();
        } catch (IOException | RuntimeException e) {
            error = Wording.clip(Wording.clean(String.valueOf(e.getMessage())), LONGEST_ERROR);
        }
        return new Outcome(
                error == null,
                reply == null ? null : reply.status(),
                (int) TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start),
                error,
                reply == null ? null : pause(reply, clock.instant()),
                reply != null && reply.status() == 410);
    }

    private Reply slack(Target target, Message message) throws IOException, InterruptedException, Refused {
        return outbound.post(URI.create(target.url()), Map.of(), Records.write(Slack.payload(message)));
    }

    private Reply webhook(Target target, Message message) throws IOException, InterruptedException, Refused {
        String id = message.id().toString();
        long now = clock.instant().getEpochSecond();
        String body = body(message);
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("webhook-id", id);
        headers.put("webhook-timestamp", Long.toString(now));
        headers.put("webhook-signature", Signing.sign(target.secrets(), id, now, body));
        return outbound.post(URI.create(target.url()), headers, body);
    }

    /** {@code {type, timestamp, data}}; lists and texts are cut until it is no larger than receivers take. */
    static String body(Message message) {
        String kind = message.kind().name().toLowerCase(Locale.ROOT);
        String type = switch (message.kind()) {
            case SUMMARY, CHANNEL_OFF -> "notification." + kind;
            default -> "workflow." + kind;
        };
        ObjectNode data = Json.CIRCLECI.valueToTree(message);
        String body = Records.write(new Body(type, message.at(), data));
        for (int most = 64; most >= 1 && body.getBytes(UTF_8).length > LARGEST_BODY; most /= 4) {
            cut(data, most);
            body = Records.write(new Body(type, message.at(), data));
        }
        return body;
    }

    private static void cut(ObjectNode message, int most) {
        int others = message.path("others").size();
        message.properties().forEach(field -> {
            if (field.getValue() instanceof ArrayNode list) {
                while (list.size() > most) {
                    list.remove(list.size() - 1);
                }
                for (int i = 0; i < list.size(); i++) {
                    list.set(i, shortened(list.get(i), most));
                }
            } else if (!field.getKey().endsWith("url")) {
                field.setValue(shortened(field.getValue(), most));
            }
        });
        if (others > most) {
            message.put("more", message.path("more").asInt() + others - most);
        }
    }

    private static JsonNode shortened(JsonNode value, int most) {
        if (value instanceof ObjectNode inner) {
            cut(inner, most);
        }
        return value.isTextual() ? TextNode.valueOf(Wording.clip(value.textValue(), LONGEST_TEXT)) : value;
    }

    private void mail(Target target, Message message) throws IOException, InterruptedException {
        Wording words = Wording.PLAIN;
        List<String> parts = new ArrayList<>(List.of(words.title(message), words.facts(message)));
        parts.addAll(words.details(message));
        Mail mail = new Mail()
                .setFrom(config.mailFrom().orElseThrow(() -> new IOException(Channel.MAIL_MISSING)))
                .setTo(target.to())
                .setSubject("[Treering] " + words.title(message))
                .setText(String.join("\n\n", parts) + "\n");
        CompletableFuture<Void> sent = mailer.send(mail).subscribeAsCompletionStage();
        try {
            sent.get(config.deadline().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            sent.cancel(true);
            throw new IOException(
                    "the mail server did not answer within %d ms"
                            .formatted(config.deadline().toMillis()),
                    e);
        } catch (ExecutionException e) {
            throw new IOException(
                    "the mail server did not take it: " + e.getCause().getMessage(), e.getCause());
        }
    }

    /** {@code Retry-After} of an answer that asks to be slow: seconds, or a time; null where it says nothing readable. */
    static Duration pause(Reply reply, Instant now) {
        if (reply.retryAfter() == null || reply.status() != 429 && reply.status() / 100 != 5) {
            return null;
        }
        if (reply.retryAfter().strip().matches("\\d{1,9}")) {
            return Duration.ofSeconds(Long.parseLong(reply.retryAfter().strip()));
        }
        try {
            Instant until = ZonedDateTime.parse(reply.retryAfter(), DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
            return until.isAfter(now) ? Duration.between(now, until) : null;
        } catch (DateTimeParseException e) {
            return null;
        }
    }
}
