package dev.treering.simulation;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** CircleCI's pages. A token names the last item that was told, so what is new in front of it moves nothing. */
final class Pages {

    private static final int SIZE = 20;

    private Pages() {}

    /**
     * @param listed what there is by position, in the order of the list
     * @throws IllegalArgumentException for a token that is none of ours
     */
    static <T> ObjectNode page(
            NavigableMap<Long, T> listed, Predicate<T> shown, Function<T, JsonNode> body, Optional<String> token) {
        ObjectNode page = JsonNodeFactory.instance.objectNode();
        ArrayNode items = page.putArray("items");
        long last = 0;
        for (Map.Entry<Long, T> entry : after(token, listed).entrySet()) {
            if (shown.test(entry.getValue())) {
                if (items.size() == SIZE) {
                    return page.put("next_page_token", token(last));
                }
                items.add(body.apply(entry.getValue()));
                last = entry.getKey();
            }
        }
        return page.putNull("next_page_token");
    }

    static ObjectNode page(List<ObjectNode> items, Optional<String> token) {
        return page(numbered(items), any -> true, item -> item, token);
    }

    /** What is listed for good: its position is its place. */
    static <T> NavigableMap<Long, T> numbered(List<T> items) {
        NavigableMap<Long, T> numbered = new TreeMap<>();
        items.forEach(item -> numbered.put((long) numbered.size(), item));
        return numbered;
    }

    private static <T> NavigableMap<Long, T> after(Optional<String> token, NavigableMap<Long, T> listed) {
        return token.map(given -> listed.tailMap(position(given), false)).orElse(listed);
    }

    private static String token(long last) {
        byte[] bytes = ("after:" + last).getBytes(StandardCharsets.US_ASCII);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static long position(String token) {
        String text = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.US_ASCII);
        return Long.parseLong(text.replaceFirst("^after:", ""));
    }
}
