package dev.treering.event;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.UUID;

import jakarta.validation.constraints.NotNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.treering.support.Json;

/**
 * JSON Schema of records as {@link Json#CIRCLECI} writes them: what is null is left out. Draft 7, the one that every reader
 * of AsyncAPI knows. Descriptions come from words: {@code Type}, {@code Type.field} or {@code field}.
 */
final class Schemas {

    private static final Map<Type, List<String>> PLAIN = Map.ofEntries(
            Map.entry(String.class, List.of("string")),
            Map.entry(UUID.class, List.of("string", "uuid")),
            Map.entry(Instant.class, List.of("string", "date-time")),
            Map.entry(int.class, List.of("integer", "int32")),
            Map.entry(Integer.class, List.of("integer", "int32")),
            Map.entry(long.class, List.of("integer", "int64")),
            Map.entry(Long.class, List.of("integer", "int64")),
            Map.entry(Double.class, List.of("number", "double")),
            Map.entry(boolean.class, List.of("boolean")),
            Map.entry(Boolean.class, List.of("boolean")));

    private final Properties words;
    private final Map<String, JsonNode> definitions = new TreeMap<>();

    private Schemas(Properties words) {
        this.words = words;
    }

    static ObjectNode of(Class<?> type, Properties words) {
        ObjectNode document = object();
        document.put("$schema", "http://json-schema.org/draft-07/schema#");
        document.put("$id", "urn:treering:schema:" + SnakeCaseStrategy.INSTANCE.translate(type.getSimpleName()));
        document.put("title", type.getSimpleName());
        Schemas schemas = new Schemas(words);
        document.setAll(schemas.record(type));
        if (!schemas.definitions.isEmpty()) {
            document.set("definitions", object().setAll(schemas.definitions));
        }
        return document;
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    private ObjectNode record(Class<?> type) {
        ObjectNode schema = described(object(), type.getSimpleName(), null).put("type", "object");
        ArrayNode required = JsonNodeFactory.instance.arrayNode();
        ObjectNode properties = object();
        for (RecordComponent component : type.getRecordComponents()) {
            String name = SnakeCaseStrategy.INSTANCE.translate(component.getName());
            ObjectNode value = value(component.getGenericType());
            // Beside a $ref nothing counts in draft 7, and it describes itself.
            properties.set(name, value.has("$ref") ? value : described(value, type.getSimpleName() + "." + name, name));
            if (component.getType().isPrimitive() || component.getAccessor().isAnnotationPresent(NotNull.class)) {
                required.add(name);
            }
        }
        if (!required.isEmpty()) {
            schema.set("required", required);
        }
        return schema.set("properties", properties);
    }

    private ObjectNode value(Type type) {
        if (PLAIN.containsKey(type)) {
            List<String> plain = PLAIN.get(type);
            ObjectNode schema = object().put("type", plain.get(0));
            return plain.size() > 1 ? schema.put("format", plain.get(1)) : schema;
        }
        if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
            return object().put("type", "array").set("items", value(list.getActualTypeArguments()[0]));
        }
        Class<?> named = (Class<?>) type;
        if (JsonNode.class.isAssignableFrom(named)) {
            return object();
        }
        if (named.isEnum()) {
            return object().put("type", "string").set("enum", Json.CIRCLECI.valueToTree(named.getEnumConstants()));
        }
        if (!named.isRecord()) {
            throw new IllegalArgumentException(named + " has no place in the contract");
        }
        String name = named.getSimpleName();
        if (!definitions.containsKey(name)) {
            // Before it is described, for the case that it holds itself.
            definitions.put(name, object());
            definitions.put(name, record(named));
        }
        return object().put("$ref", "#/definitions/" + name);
    }

    private ObjectNode described(ObjectNode schema, String key, String otherwise) {
        String text = words.getProperty(key, otherwise == null ? null : words.getProperty(otherwise));
        return text == null ? schema : schema.put("description", text);
    }
}
