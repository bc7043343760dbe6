package dev.treering.notification;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A message as Slack's incoming webhooks take it: blocks, within their limits, and {@code text}, which notifications and
 * screen readers show. Such a webhook tells no id of what it posted, so nothing can be edited or answered in a thread:
 * a recovery is a message of its own.
 */
final class Slack {

    private static final int LONGEST_HEADER = 150;

    private Slack() {}

    static Map<String, Object> payload(Message message) {
        Wording words = Wording.SLACK;
        List<Object> blocks = new ArrayList<>();
        blocks.add(
                Map.of("type", "header", "text", Map.of("type", "plain_text", "emoji", true, "text", header(message))));
        blocks.add(Map.of("type", "context", "elements", List.of(mrkdwn(words.facts(message)))));
        List<String> details = words.details(message);
        if (!details.isEmpty()) {
            blocks.add(Map.of("type", "divider"));
        }
        details.forEach(part -> blocks.add(Map.of("type", "section", "text", mrkdwn(part))));
        String url = Wording.link(message.workflowUrl());
        if (url != null) {
            blocks.add(Map.of(
                    "type",
                    "actions",
                    "elements",
                    List.of(Map.of(
                            "type",
                            "button",
                            "action_id",
                            "open",
                            "url",
                            url,
                            "text",
                            Map.of("type", "plain_text", "text", "Open in CircleCI")))));
        }
        Map<String, Object> payload = new LinkedHashMap<>();
        payload.put("text", words.title(message));
        payload.put("blocks", blocks);
        return payload;
    }

    private static String header(Message message) {
        return Wording.clip(Wording.PLAIN.title(message), LONGEST_HEADER);
    }

    // Verbatim: what looks like an address or a channel in somebody's text must not become a link by itself.
    private static Map<String, Object> mrkdwn(String text) {
        return Map.of("type", "mrkdwn", "verbatim", true, "text", text);
    }
}
