package dev.treering.notification;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.treering.Receiver.Answer;

import static java.nio.charset.StandardCharsets.UTF_8;

/** What Slack refuses, as its documentation of Block Kit and of rate limits has it. */
final class SlackRules {

    private static final ObjectMapper JSON = new ObjectMapper();

    private SlackRules() {}

    /** Answers as Slack does: 400 for what breaks a limit, 429 for more than one message a second. */
    static Answer slack() {
        Instant[] last = {Instant.EPOCH};
        return (exchange, request) -> {
            int status;
            synchronized (last) {
                boolean early = Duration.between(last[0], request.at()).toMillis() < 950;
                status = early ? 429 : faults(request.body()).isEmpty() ? 200 : 400;
                last[0] = early ? last[0] : request.at();
            }
            byte[] body = (status == 200 ? "ok" : "invalid_blocks").getBytes(UTF_8);
            if (status == 429) {
                exchange.getResponseHeaders().add("Retry-After", "1");
            }
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        };
    }

    /** All that Slack would refuse in it. */
    static List<String> faults(String payload) {
        List<String> faults = new ArrayList<>();
        JsonNode message;
        try {
            message = JSON.readTree(payload);
        } catch (JsonProcessingException e) {
            return List.of("no JSON");
        }
        length(faults, message.path("text"), "text", 1, 40_000);
        JsonNode blocks = message.path("blocks");
        if (blocks.size() > 50) {
            faults.add("more than 50 blocks");
        }
        for (JsonNode block : blocks) {
            String type = block.path("type").asText();
            switch (type) {
                case "header" -> text(faults, block.path("text"), "header", 150, Set.of("plain_text"));
                case "section" -> text(faults, block.path("text"), "section", 3000, Set.of("plain_text", "mrkdwn"));
                case "divider" -> {}
                case "context" -> {
                    if (block.path("elements").isEmpty()
                            || block.path("elements").size() > 10) {
                        faults.add("a context has 1 to 10 elements");
                    }
                    block.path("elements")
                            .forEach(element -> text(faults, element, "context", 3000, Set.of("plain_text", "mrkdwn")));
                }
                case "actions" -> {
                    if (block.path("elements").isEmpty()
                            || block.path("elements").size() > 25) {
                        faults.add("actions have 1 to 25 elements");
                    }
                    block.path("elements").forEach(button -> {
                        text(faults, button.path("text"), "button", 75, Set.of("plain_text"));
                        length(faults, button.path("action_id"), "action_id", 1, 255);
                        length(faults, button.path("url"), "url", 1, 3000);
                    });
                }
                default -> faults.add("unknown block " + type);
            }
        }
        return faults;
    }

    private static void text(List<String> faults, JsonNode text, String where, int most, Set<String> types) {
        if (!types.contains(text.path("type").asText())) {
            faults.add("%s must be of %s".formatted(where, types));
        }
        if (text.has("emoji") && !text.path("type").asText().equals("plain_text")) {
            faults.add(where + ": emoji is for plain_text");
        }
        if (text.has("verbatim") && !text.path("type").asText().equals("mrkdwn")) {
            faults.add(where + ": verbatim is for mrkdwn");
        }
        length(faults, text.path("text"), where, 1, most);
    }

    private static void length(List<String> faults, JsonNode text, String where, int least, int most) {
        if (!text.isTextual() || text.asText().length() < least || text.asText().length() > most) {
            faults.add("%s must have %d to %d characters, not %d"
                    .formatted(where, least, most, text.asText().length()));
        }
    }
}
