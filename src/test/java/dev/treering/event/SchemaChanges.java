package dev.treering.event;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What breaks readers of yesterday's values, or values of yesterday: everything but words, new fields that may be absent,
 * and new words of an enumeration.
 */
final class SchemaChanges {

    private static final Set<String> WORDS = Set.of("description", "title", "examples", "$comment");

    private final List<String> breaks = new ArrayList<>();

    private SchemaChanges() {}

    /** One line for each; none where the schema has only grown. */
    static List<String> breaking(JsonNode before, JsonNode now) {
        SchemaChanges changes = new SchemaChanges();
        changes.schema("", before, now);
        return changes.breaks;
    }

    private void schema(String place, JsonNode before, JsonNode now) {
        Set<String> keywords = new TreeSet<>();
        before.fieldNames().forEachRemaining(keywords::add);
        now.fieldNames().forEachRemaining(keywords::add);
        keywords.removeAll(WORDS);
        for (String keyword : keywords) {
            JsonNode was = before.path(keyword);
            JsonNode is = now.path(keyword);
            switch (keyword) {
                case "properties", "definitions" -> named(place, keyword.equals("properties"), was, is);
                case "items" -> schema(place + "[]", was, is);
                case "required" -> required(place, was, is);
                case "enum" -> enumeration(place, was, is);
                default -> {
                    if (!was.equals(is)) {
                        breaks.add("%s: %s was %s and is %s".formatted(place, keyword, was, is));
                    }
                }
            }
        }
    }

    private void named(String place, boolean fields, JsonNode was, JsonNode is) {
        was.properties().forEach(one -> {
            String name = place + (fields ? "/" : "#") + one.getKey();
            if (is.has(one.getKey())) {
                schema(name, one.getValue(), is.path(one.getKey()));
            } else {
                breaks.add(name + ": is gone");
            }
        });
    }

    private void required(String place, JsonNode was, JsonNode is) {
        Set<JsonNode> before = elements(was);
        Set<JsonNode> now = elements(is);
        before.stream()
                .filter(name -> !now.contains(name))
                .forEach(name -> breaks.add("%s: %s was always there and may be absent".formatted(place, name)));
        now.stream()
                .filter(name -> !before.contains(name))
                .forEach(name -> breaks.add("%s: %s is required, and older values lack it".formatted(place, name)));
    }

    private void enumeration(String place, JsonNode was, JsonNode is) {
        if (was.isMissingNode() || is.isMissingNode()) {
            breaks.add("%s: enum was %s and is %s".formatted(place, was, is));
            return;
        }
        Set<JsonNode> lost = elements(was);
        lost.removeAll(elements(is));
        lost.forEach(word -> breaks.add("%s: %s is no word any more".formatted(place, word)));
    }

    private static Set<JsonNode> elements(JsonNode array) {
        Set<JsonNode> elements = new HashSet<>();
        array.forEach(elements::add);
        return elements;
    }
}
