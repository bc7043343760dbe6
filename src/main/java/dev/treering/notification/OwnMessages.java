package dev.treering.notification;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

import dev.treering.notification.Message.Kind;
import dev.treering.support.Json;

/** Messages that no run of CircleCI has caused. */
final class OwnMessages {

    private OwnMessages() {}

    /** A channel was switched off: its name stands for the workflow's, the reason for the status. */
    static Message off(String channel, String reason, Instant at) {
        return message(Kind.CHANNEL_OFF, at, Map.of("workflow_name", channel, "status", reason));
    }

    /** An invented failure, which shows what a message looks like there. */
    static Message test(String channel, Instant at) {
        return message(
                Kind.STARTED_FAILING,
                at,
                Map.of(
                        "project_slug",
                        "treering/test",
                        "workflow_name",
                        "a test of the channel " + channel,
                        "pipeline_number",
                        7,
                        "revision",
                        "0123456789abcdef0123456789abcdef01234567",
                        "commit_subject",
                        "Nothing has failed: somebody has tried this channel",
                        "duration_seconds",
                        420,
                        "usual_seconds",
                        240,
                        "failed_jobs",
                        List.of(Map.of("name", "a job that failed")),
                        "failed_tests",
                        List.of("a test that failed")));
    }

    private static Message message(Kind kind, Instant at, Map<String, ?> said) {
        Map<String, Object> all = new HashMap<>(said);
        all.putAll(Map.of("id", UUID.randomUUID(), "kind", kind, "at", at));
        return Json.CIRCLECI.convertValue(all, Message.class);
    }
}
