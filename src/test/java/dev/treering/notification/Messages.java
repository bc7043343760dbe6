package dev.treering.notification;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;

import dev.treering.notification.Message.Kind;
import dev.treering.support.Json;

/** Messages of tests: one that says everything, and the same with other words. */
final class Messages {

    private Messages() {}

    static Message failure() {
        return with(Map.of());
    }

    /** @param other fields by their names in JSON */
    static Message with(Map<String, ?> other) {
        Map<String, Object> fields = new java.util.HashMap<>(Map.ofEntries(
                Map.entry("id", UUID.randomUUID()),
                Map.entry("kind", Kind.STARTED_FAILING),
                Map.entry("at", Instant.parse("2026-11-24T10:02:00Z")),
                Map.entry("project_id", UUID.randomUUID()),
                Map.entry("project_slug", "gh/acme/web"),
                Map.entry("branch", "main"),
                Map.entry("workflow_name", "build"),
                Map.entry("workflow_id", UUID.randomUUID()),
                Map.entry("pipeline_number", 1234),
                Map.entry("workflow_url", "https://app.circleci.com/pipelines/gh/acme/web/1234/workflows/w"),
                Map.entry("status", "failed"),
                Map.entry("revision", "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"),
                Map.entry("commit_subject", "Count rings, not years"),
                Map.entry("author", "rowan"),
                Map.entry("stopped_at", Instant.parse("2026-11-24T10:02:00Z")),
                Map.entry("duration_seconds", 420),
                Map.entry("usual_seconds", 240),
                Map.entry("failures_in_a_row", 3),
                Map.entry("broken_since", Instant.parse("2026-11-24T09:15:00Z")),
                Map.entry(
                        "failed_jobs", List.of(Map.of("name", "deploy", "url", "https://circleci.com/gh/acme/web/41"))),
                Map.entry("failed_tests", List.of("leaves fall", "roots hold", "bark peels", "sap rises"))));
        fields.putAll(other);
        return Json.CIRCLECI.convertValue(fields, Message.class);
    }
}
