package dev.treering.audit;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import dev.treering.audit.TrailSearch.Search;
import dev.treering.support.Problem;
import io.quarkus.logging.Log;
import io.vertx.core.http.HttpConnection;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

/**
 * A search as lines, a chunk after another, however many there are. No connection to the database is held while a slow reader
 * takes its time, and no more than a chunk is in memory.
 */
@ApplicationScoped
class Export {

    static final String NDJSON = "application/x-ndjson";
    static final String CSV = "text/csv";

    private static final int CHUNK = 2_000;
    private static final String FORMULA = "=+-@\t\r＝＋－＠";
    private static final Map<String, String> FORMATS =
            Map.of("json", MediaType.APPLICATION_JSON, "ndjson", NDJSON, "csv", CSV);

    private final TrailSearch trail;
    private final ObjectMapper json;
    private final Semaphore free;

    Export(TrailSearch trail, ObjectMapper json, AuditConfig config) {
        this.trail = trail;
        this.json = json;
        this.free = new Semaphore(config.maxExports());
    }

    /** The media type that is wanted: by the parameter, else by what is accepted. */
    static String type(String format, HttpHeaders headers) {
        if (format != null) {
            String type = FORMATS.get(format);
            if (type == null) {
                throw Problem.badRequest("'format' is json, ndjson or csv, not '%s'".formatted(format));
            }
            return type;
        }
        return headers.getAcceptableMediaTypes().stream()
                .map(type -> type.getType() + "/" + type.getSubtype())
                .filter(type -> type.endsWith("/*") || FORMATS.containsValue(type))
                .findFirst()
                .filter(type -> !type.endsWith("/*"))
                .orElse(MediaType.APPLICATION_JSON);
    }

    /**
     * @param from null for the newest
     * @param reader is cut off where the search fails amid it
     */
    Response of(Search search, Position from, String type, HttpConnection reader) throws SQLException {
        // What is wrong with the search shows while there is still time to say so.
        List<Entry> first = trail.page(search, from, false, CHUNK);
        StreamingOutput lines = out -> {
            if (!free.tryAcquire()) {
                throw new Problem(503, "Too many exports run at once; try again");
            }
            try {
                write(search, first, type.equals(CSV), out);
            } catch (SQLException e) {
                // What has gone out cannot be called back, and an error behind it would be taken for a line.
                Log.warnf("An export broke off, for the database does not answer: %s", e.getMessage());
                reader.close().toCompletionStage().toCompletableFuture().join();
            } catch (IOException e) {
                Log.debugf("Who read an export is gone: %s", e.getMessage());
            } finally {
                free.release();
            }
        };
        String name = type.equals(CSV) ? "trail.csv" : "trail.ndjson";
        return Response.ok(lines, type + ";charset=utf-8")
                .header("Content-Disposition", "attachment; filename=\"" + name + "\"")
                .build();
    }

    private void write(Search search, List<Entry> first, boolean csv, OutputStream out)
            throws IOException, SQLException {
        Writer lines = new BufferedWriter(new OutputStreamWriter(out, UTF_8), 64 * 1024);
        if (csv) {
            lines.write(header());
        }
        List<Entry> chunk = first;
        while (!chunk.isEmpty()) {
            for (Entry entry : chunk) {
                lines.write(csv ? csv(json.valueToTree(entry)) : json.writeValueAsString(entry) + "\n");
            }
            chunk = chunk.size() < CHUNK
                    ? List.of()
                    : trail.page(search, chunk.get(CHUNK - 1).position(), false, CHUNK);
        }
        lines.flush();
    }

    private static String header() {
        return Stream.of(Entry.class.getRecordComponents())
                .map(column -> SnakeCaseStrategy.INSTANCE.translate(column.getName()))
                .collect(joining(",", "", "\r\n"));
    }

    private static String csv(JsonNode entry) {
        StringBuilder line = new StringBuilder();
        for (JsonNode value : entry) {
            line.append(line.length() == 0 ? "" : ",").append(cell(value.isNull() ? "" : value.asText()));
        }
        return line.append("\r\n").toString();
    }

    /** As RFC 4180 has it; what a spreadsheet would take for a formula is marked as text, since others chose it. */
    static String cell(String text) {
        String safe = !text.isEmpty() && FORMULA.indexOf(text.charAt(0)) >= 0 ? "'" + text : text;
        return safe.chars().anyMatch(c -> c == ',' || c == ';' || c == '"' || c == '\n' || c == '\r')
                ? '"' + safe.replace("\"", "\"\"") + '"'
                : safe;
    }
}
