package dev.treering.notification;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * Where people are told, as an administrator sees it.
 *
 * @param kind {@code slack}, {@code webhook} or {@code email}
 * @param target the host of the URL, or the addresses; null while no key of ours opens them
 * @param secretIds by which the signing secrets are named, the newest first
 * @param failingSince nothing has arrived since; null when the last message did
 */
public record Channel(
        UUID id,
        String name,
        String kind,
        String target,
        List<String> secretIds,
        Instant createdAt,
        String createdBy,
        Instant failingSince,
        Instant disabledAt,
        String disabledReason) {

    static final String SLACK = "slack";
    static final String WEBHOOK = "webhook";
    static final String EMAIL = "email";

    static final String MAIL_MISSING = "Treering has no sender for e-mails: set"
            + " TREERING_NOTIFICATION_DELIVERY_MAIL_FROM, and QUARKUS_MAILER_HOST to the server";

    /**
     * What is sealed at rest.
     *
     * @param url null for e-mail
     * @param secrets of a webhook, the newest first; all sign
     * @param to the addresses of e-mails
     */
    record Target(String url, List<String> secrets, List<String> to) {}
}
