package dev.treering.api;

import java.util.List;
import java.util.UUID;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JavaType;
import dev.treering.event.ProjectSlug;
import dev.treering.support.Json;
import dev.treering.support.Problem;

/** How API v2 writes things, where that is not how everybody does. */
final class Wire {

    /** Times of workflows and of their jobs: strict clients expect no fraction there. All others have three digits. */
    static final String SECONDS = "yyyy-MM-dd'T'HH:mm:ssX";

    private Wire() {}

    /** A list that the history keeps as JSON text, whole; what an item lacks is null. */
    static <T> Page<T> page(String json, Class<T> item) {
        try {
            JavaType list = Json.CIRCLECI.getTypeFactory().constructCollectionType(List.class, item);
            return new Page<>(Json.CIRCLECI.readValue(json, list), null);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("The history keeps a list that is none", e);
        }
    }

    static UUID id(String kind, String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest(kind + " ID provided is invalid.");
        }
    }

    /** An organisation's slug in the short form: {@code github/acme} is {@code gh/acme}. */
    static String organization(String slug) {
        try {
            return new ProjectSlug(slug + "/any").organization();
        } catch (IllegalArgumentException e) {
            throw Problem.notFound("Organization does not exist.");
        }
    }
}
