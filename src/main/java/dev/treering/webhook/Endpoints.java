package dev.treering.webhook;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

import jakarta.inject.Singleton;

import dev.treering.support.Notice;
import io.quarkus.logging.Log;

/**
 * The doors that are open and their secrets, as one snapshot that is replaced whole. It is read anew while we run; what
 * cannot be read leaves the secrets in force as they are, so that no mishap with a file opens or closes a door.
 */
@Singleton
public class Endpoints {

    static final String DEFAULT = "default";

    private final CurrentSettings settings;
    private final Notice trouble = new Notice();
    private volatile Map<String, Endpoint> open = Map.of();

    Endpoints(CurrentSettings settings) {
        this.settings = settings;
    }

    /** The endpoint of this name; null when there is none, or none with a secret. */
    Endpoint named(String name) {
        return open.get(name);
    }

    /** The endpoints that have a secret. */
    public Set<String> names() {
        return new TreeSet<>(open.keySet());
    }

    /** Reads settings and files anew. A secret that is gone from them verifies nothing after this. */
    synchronized void read() {
        List<String> problems = new ArrayList<>();
        Map<String, Endpoint> before = open;
        Map<String, Endpoint> now = before;
        try {
            now = given(settings.read(), before, problems);
        } catch (IOException | RuntimeException e) {
            problems.add("the settings cannot be read: " + e.getMessage());
        }
        if (now.isEmpty() && !before.isEmpty()) {
            // Every door closed at once is what a file caught empty or half-written looks like.
            now = before;
            problems.add("the settings name no secret any more; to close every door, stop the receiver");
        }
        if (!now.equals(before)) {
            open = now;
            tell(before, now);
        }
        if (problems.isEmpty()) {
            trouble.over();
        } else {
            trouble.say("Webhook secrets stay as they were: " + String.join("; ", problems));
        }
    }

    private static Map<String, Endpoint> given(
            WebhookConfig config, Map<String, Endpoint> before, List<String> problems) {
        Map<String, Endpoint> given = new HashMap<>();
        add(given, DEFAULT, config.door(), before, problems);
        config.endpoints().forEach((name, door) -> add(given, name, door, before, problems));
        return Map.copyOf(given);
    }

    private static void add(
            Map<String, Endpoint> given,
            String name,
            WebhookConfig.Door door,
            Map<String, Endpoint> before,
            List<String> problems) {
        List<String> secrets = new ArrayList<>(door.secrets().orElse(List.of()));
        try {
            for (Path file : door.secretsFile().orElse(List.of())) {
                secrets.addAll(SecretsFile.read(file));
            }
            secrets.removeIf(String::isBlank);
            if (!secrets.isEmpty()) {
                given.put(name, Endpoint.of(name, secrets));
            }
        } catch (IOException | IllegalArgumentException e) {
            problems.add("endpoint '%s': %s".formatted(name, e.getMessage()));
            if (before.containsKey(name)) {
                given.put(name, before.get(name));
            }
        }
    }

    /** For the audit: which secrets are in force from now on, by their ids. */
    private static void tell(Map<String, Endpoint> before, Map<String, Endpoint> now) {
        Stream.concat(before.keySet().stream(), now.keySet().stream())
                .distinct()
                .sorted()
                .forEach(name -> {
                    List<String> old = ids(before.get(name));
                    List<String> young = ids(now.get(name));
                    if (!old.equals(young)) {
                        Log.infof(
                                "Webhook endpoint '%s': secrets added %s, removed %s",
                                name,
                                young.stream().filter(id -> !old.contains(id)).toList(),
                                old.stream().filter(id -> !young.contains(id)).toList());
                    }
                });
    }

    private static List<String> ids(Endpoint endpoint) {
        return endpoint == null
                ? List.of()
                : endpoint.secrets().stream().map(Secret::id).toList();
    }
}
