package dev.treering;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.restassured.response.Response;

/** Keeps real answers as the examples of {@code /openapi}, when the tests run with {@code -Drecord-examples=true}. */
public final class Examples {

    private static final Path FOLDER = Path.of("src/main/resources/openapi/examples");

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private static final Pattern CHANCE =
            Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z"
                    // what the trail adds: positions, digests
                    + "|:\\d+:\\d+:\\d{13}|\"(partition|offset)\" : \\d+|[0-9a-f]{64}");

    // Even a revoked one would be found by whoever looks for secrets.
    private static final Pattern TOKEN = Pattern.compile("(trt_|whsec_)[\\w+/=-]{20,}");

    private Examples() {}

    /** An answer that differs by its ids and times alone is the one we have. */
    private static String masked(String json) {
        return CHANCE.matcher(json).replaceAll(found -> found.group().replaceAll("[0-9a-f]", "0"));
    }

    public static boolean areRecorded() {
        return Boolean.getBoolean("record-examples");
    }

    /** Keeps the answer as the operation's example for its status. */
    public static void seen(String operation, Response answer) {
        if (!areRecorded()) {
            return;
        }
        String body = answer.asString();
        boolean isJson = answer.contentType().contains("json");
        keep(
                operation,
                Integer.toString(answer.statusCode()),
                isJson || body.isEmpty() ? body : JSON.valueToTree(body).toString());
    }

    /** Keeps JSON text (null for none) as the operation's example for this status, or for its {@code request}. */
    public static void keep(String operation, String status, String json) {
        if (!areRecorded()) {
            return;
        }
        Path file = FOLDER.resolve(operation + ".json");
        try {
            Map<String, Object> examples = new TreeMap<>();
            if (Files.exists(file)) {
                examples.putAll(JSON.readValue(file.toFile(), new TypeReference<Map<String, Object>>() {}));
            }
            String before = JSON.writeValueAsString(examples);
            examples.put(
                    status,
                    json.isEmpty() ? null : JSON.readTree(TOKEN.matcher(json).replaceAll("$1secret")));
            String now = JSON.writeValueAsString(examples);
            if (!masked(before).equals(masked(now))) {
                Files.writeString(file, now + "\n");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
