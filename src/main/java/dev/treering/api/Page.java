package dev.treering.api;

import java.util.List;
import java.util.function.Function;

import dev.treering.support.PageToken;

/** A list as API v2 gives it; {@code next_page_token} is there also when it is null. */
record Page<T>(List<T> items, String nextPageToken) {

    static final int SIZE = 20;

    /** How many to ask for: one more tells whether there is a next page. */
    static final int LOOK_AHEAD = SIZE + 1;

    static <V, T> Page<T> of(List<V> found, Function<V, T> item, Function<V, PageToken> position) {
        List<V> page = found.subList(0, Math.min(SIZE, found.size()));
        String next = found.size() > SIZE ? position.apply(page.get(SIZE - 1)).encode() : null;
        return new Page<>(page.stream().map(item).toList(), next);
    }

    static <V, T> Page<T> whole(List<V> found, Function<V, T> item) {
        return new Page<>(found.stream().map(item).toList(), null);
    }
}
