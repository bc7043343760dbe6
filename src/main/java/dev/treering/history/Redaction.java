package dev.treering.history;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.treering.support.Json;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Takes persons out of a body: author, committer, actor and their like, and what free texts say of them. What was told stays
 * told, with another word in its place, so that the history folds the body as before.
 */
final class Redaction {

    static final String ERASED = "erased";

    static final ObjectReader JSON = Json.CIRCLECI.reader().with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
    private static final String ROLES = "author|committer|actor|user|sender|pusher";
    private static final Pattern ROLE = Pattern.compile(ROLES);
    private static final Pattern FIELD = Pattern.compile("name|username|login|email|avatar(_url)?");
    /** As in {@code commit_author_name}. */
    private static final Pattern FLAT =
            Pattern.compile("(?:.*_)?(" + ROLES + ")_(" + FIELD.pattern().replace("(", "(?:") + ")");
    // A person may be called like a branch; what the history hangs together by must stay.
    private static final Pattern STRUCTURE = Pattern.compile(
            "(.*_)?(id|ids|slug|url|sha|ref|at|type|status|state|number|timestamp|name|branch)|tag|revision|provider.*|dependencies");
    private static final Pattern ID = Pattern.compile("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");
    /** What JSON may have in the place of a character. */
    private static final Pattern ESCAPE = Pattern.compile("\\\\(?:u(\\p{XDigit}{4})|([\"\\\\/])|[bfnrt])");

    private static final Pattern ADDRESS = Pattern.compile("[\\w.+-]+@[\\w-]+(\\.[\\w-]+)+");
    private static final Pattern TRAILER = Pattern.compile("(?m)^([A-Z][a-z]+(?:-[a-z]+)*-by:).*$");
    private static final int SHORTEST = 3;

    /** Null for everybody. */
    private final Set<String> wanted;

    private final Pattern named;
    private final Set<String> beside = new LinkedHashSet<>();

    private Redaction(Collection<String> wanted) {
        this.wanted =
                wanted == null ? null : wanted.stream().map(Redaction::folded).collect(Collectors.toSet());
        named = mentions(this.wanted == null ? Set.of() : this.wanted);
    }

    static Redaction of(Collection<String> person) {
        return new Redaction(person);
    }

    static Redaction ofEverybody() {
        return new Redaction(null);
    }

    /** By which other words the person goes, in what was redacted. */
    Set<String> beside() {
        return beside;
    }

    /** The body without persons; null where it names none. */
    byte[] apply(byte[] body) {
        if (!mayName(new String(body, UTF_8))) {
            return null;
        }
        try {
            JsonNode json = JSON.readTree(body);
            return redact(json) ? Json.CIRCLECI.writeValueAsBytes(json) : null;
        } catch (IOException | IllegalArgumentException e) {
            // No JSON: a dead letter, of which nothing can be kept.
            return new byte[0];
        }
    }

    /** Nearly all JSON names somebody else, and to look is much cheaper than to read it. */
    boolean mayName(String json) {
        return wanted == null || named.matcher(plain(json)).find();
    }

    /** Takes persons out of the document; whether it named any. */
    boolean redact(JsonNode json) {
        Set<String> gone = new HashSet<>();
        persons(json).stream()
                .filter(person -> wanted == null || !Collections.disjoint(person, wanted))
                .forEach(gone::addAll);
        if (wanted != null) {
            beside.addAll(gone);
            beside.removeAll(wanted);
            gone.addAll(wanted);
        }
        return redact(json, gone, mentions(gone), true, false);
    }

    /** JSON, or what was to be some, without its escapes: they may hide a letter, or stand before one. */
    private static String plain(String json) {
        return json.indexOf('\\') < 0
                ? json
                : ESCAPE.matcher(json)
                        .replaceAll(escape -> Matcher.quoteReplacement(
                                escape.group(1) != null
                                        ? Character.toString(Integer.parseInt(escape.group(1), 16))
                                        : escape.group(2) != null ? escape.group(2) : " "));
    }

    /** The words for each person in it. */
    private static Collection<Set<String>> persons(JsonNode json) {
        List<Set<String>> persons = new ArrayList<>();
        for (JsonNode node : json) {
            persons.addAll(persons(node));
        }
        Map<String, Set<String>> flat = new HashMap<>();
        for (var field : json.properties()) {
            Matcher named = FLAT.matcher(field.getKey());
            if (ROLE.matcher(field.getKey()).matches()) {
                Set<String> person = new HashSet<>();
                add(person, field.getValue());
                field.getValue().properties().stream()
                        .filter(part -> FIELD.matcher(part.getKey()).matches())
                        .forEach(part -> add(person, part.getValue()));
                persons.add(person);
            } else if (named.matches()) {
                add(flat.computeIfAbsent(named.group(1), role -> new HashSet<>()), field.getValue());
            }
        }
        persons.addAll(flat.values());
        return persons;
    }

    private static void add(Set<String> person, JsonNode word) {
        if (word.isTextual() && !word.asText().isBlank() && !isId(word)) {
            person.add(folded(word.asText()));
        }
    }

    /** @param structure whether the key of an array says that its words must stay */
    private boolean redact(JsonNode json, Set<String> gone, Pattern mentions, boolean top, boolean structure) {
        boolean changed = false;
        for (var field : List.copyOf(json.properties())) {
            String key = field.getKey();
            JsonNode value = field.getValue();
            ObjectNode object = (ObjectNode) json;
            boolean stays = STRUCTURE.matcher(key).matches() || top && key.equals("source");
            if (ROLE.matcher(key).matches() && value.isObject()) {
                for (var part : List.copyOf(value.properties())) {
                    changed |= FIELD.matcher(part.getKey()).matches()
                            && redactPerson((ObjectNode) value, part.getKey(), part.getValue(), gone, mentions);
                }
            } else if (ROLE.matcher(key).matches() || FLAT.matcher(key).matches()) {
                changed |= redactPerson(object, key, value, gone, mentions);
            } else if (value.isTextual() && !stays) {
                String without = without(value, mentions);
                changed |= !without.equals(value.asText());
                object.put(key, without);
            }
            changed |= redact(value, gone, mentions, false, stays);
        }
        if (json instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                if (array.get(i).isTextual() && !structure) {
                    String without = without(array.get(i), mentions);
                    changed |= !without.equals(array.get(i).asText());
                    array.set(i, TextNode.valueOf(without));
                }
                changed |= redact(array.get(i), gone, mentions, false, structure);
            }
        }
        return changed;
    }

    private boolean redactPerson(ObjectNode person, String key, JsonNode value, Set<String> gone, Pattern mentions) {
        if (!value.isTextual() || value.asText().equals(ERASED)) {
            return false;
        }
        // A part of it may be the name: 123+dev-example@users.noreply.github.com
        String without = gone.contains(folded(value.asText())) ? ERASED : without(value, mentions);
        if (without.equals(value.asText())) {
            return false;
        }
        if (key.matches(".*avatar(_url)?")) {
            person.remove(key);
        } else {
            person.put(key, without);
        }
        return true;
    }

    private static boolean isId(JsonNode value) {
        return ID.matcher(value.asText()).matches();
    }

    private String without(JsonNode text, Pattern mentions) {
        if (isId(text)) {
            return text.asText();
        }
        String without = mentions.matcher(text.asText()).replaceAll(ERASED);
        return wanted != null
                ? without
                : TRAILER.matcher(ADDRESS.matcher(without).replaceAll(ERASED)).replaceAll("$1 " + ERASED);
    }

    private static String folded(String word) {
        return word.strip().toLowerCase(Locale.ROOT);
    }

    private static Pattern mentions(Collection<String> words) {
        String any = words.stream()
                .filter(word -> word.length() >= SHORTEST && !word.equals(ERASED))
                .sorted(Comparator.comparing(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|"));
        return Pattern.compile(
                any.isEmpty() ? "(?!)" : "(?<![\\p{L}\\p{N}])(?:" + any + ")(?![\\p{L}\\p{N}])",
                Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);
    }
}
