package dev.treering.api;

import java.io.IOException;
import java.lang.reflect.AnnotatedElement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import jakarta.inject.Inject;
import jakarta.ws.rs.GET;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.TestStores;
import io.restassured.response.Response;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static io.restassured.RestAssured.given;
import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

/** {@code docs/api-v2.md} says what is done with every operation; here each is sent. */
@FlowTest
class CoverageTest {

    private static final Pattern ROW =
            Pattern.compile("\\| ((?:`[A-Z]+` )+)\\| `(/\\S+)` \\| (answered|forwarded|refused|gone) \\|.*");

    @Inject
    Database database;

    private final UUID id = UUID.randomUUID();
    private final String organization = "acme-" + id.toString().substring(0, 8);

    private record Row(String method, String path, String what) {

        /** By its shape: names of parameters differ from one document to the next. */
        String shape() {
            return method + " "
                    + path.replaceAll("\\{(project-slug|vcs}/\\{organization}/\\{project)}", "{}/{}/{}")
                            .replaceAll("\\{(org-slug|vcs}/\\{organization)}", "{}/{}")
                            .replaceAll("\\{[^}]+}", "{}");
        }
    }

    private static List<Row> rows() throws IOException {
        List<Row> rows = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of("docs/api-v2.md"))) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                for (String method : row.group(1).replace("`", "").strip().split(" ")) {
                    rows.add(new Row(method, row.group(2), row.group(3)));
                }
            } else {
                assertThat(line).as("a row that is none").doesNotStartWith("| `");
            }
        }
        return rows;
    }

    private static Set<String> shapes(Stream<Row> rows) {
        return rows.map(Row::shape).collect(toCollection(TreeSet::new));
    }

    @BeforeEach
    void seed() {
        database.change(
                "insert into project (id, identity_stamp, slug, name, organization_name, default_branch)"
                        + " values (?, '1', ?, 'web', ?, 'main')",
                id,
                "gh/" + organization + "/web",
                organization);
        database.change(
                "insert into pipeline (id, identity_stamp, project_id, number, created_at, branch, config_source)"
                        + " values (?, '1', ?, 7, now(), 'main', 'version: 2.1')",
                id,
                id);
        database.change(
                "insert into workflow (id, identity_stamp, project_id, pipeline_id, name, created_at, status, stopped_at)"
                        + " values (?, '1', ?, ?, 'build', now(), 'success', now())",
                id,
                id,
                id);
        database.change(
                "insert into job (id, identity_stamp, project_id, pipeline_id, workflow_id, name, number, tests_total,"
                        + " tests_failed, tests_skipped, test_failures, artifacts)"
                        + " values (?, '1', ?, ?, ?, 'test', 7, 0, 0, 0, '[]', '[]')",
                id,
                id,
                id,
                id);
    }

    @Test
    void everyRow_isTrue() throws IOException {
        List<String> wrong = new ArrayList<>();
        for (Row row : rows()) {
            Response response = ask(row);
            int expected = switch (row.what) {
                case "answered" -> 200;
                case "forwarded" -> 501;
                case "gone" -> 410;
                default -> 404;
            };
            if (response.statusCode() != expected
                    || expected != 200 && response.path("message") == null
                    || expected == 404 && !response.path("message").equals("There is nothing at this path")) {
                wrong.add("%s: %d %s".formatted(row, response.statusCode(), response.asString()));
            }
        }
        assertThat(wrong).isEmpty();
    }

    private Response ask(Row row) {
        String path = row.path
                .replace("{project-slug}", "gh/" + organization + "/web")
                .replace(":vcs/:user/:project", "gh/" + organization + "/web")
                .replace("{org-slug}", "gh/" + organization)
                .replaceAll("\\{(job|pipeline)-number}", "7")
                .replace("{workflow-name}", "build")
                .replaceAll("\\{[^}]+}", id.toString());
        return given().header("Authorization", "Bearer " + TestStores.TOKEN)
                .contentType("application/json")
                .request(row.method, (row.what.equals("gone") ? "/api/v1.1" : "/api/v2") + path);
    }

    @Test
    void whatTheTableCallsForwarded_isWhatTheCodeForwards() throws IOException {
        assertThat(shapes(rows().stream().filter(row -> row.what.equals("forwarded"))))
                .isEqualTo(shapes(Forwarding.OPERATIONS.stream()
                        .map(operation -> new Row(operation.method(), operation.template(), ""))));
    }

    @Test
    void whatTheTableCallsAnswered_isEveryDoorBelowApiV2() throws IOException {
        Stream<Row> doors = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("dev.treering").stream()
                        .filter(type -> type.isAnnotatedWith(jakarta.ws.rs.Path.class))
                        .flatMap(type -> Stream.of(type.reflect().getDeclaredMethods()))
                        .filter(method -> method.isAnnotationPresent(GET.class))
                        .map(method -> path(method.getDeclaringClass()) + path(method))
                        .filter(path -> path.startsWith("/api/v2/"))
                        .map(path -> new Row("GET", path.substring("/api/v2".length()), ""));

        assertThat(shapes(rows().stream().filter(row -> row.what.equals("answered"))))
                .isEqualTo(shapes(doors));
    }

    private static String path(AnnotatedElement element) {
        jakarta.ws.rs.Path path = element.getAnnotation(jakarta.ws.rs.Path.class);
        return path == null ? "" : path.value().startsWith("/") ? path.value() : "/" + path.value();
    }

    @Test
    void everyOperationOfTheOfficialDocument_isInTheTable() throws IOException {
        String document = System.getenv("TREERING_OPENAPI");
        assumeThat(document).as("TREERING_OPENAPI names the official document").isNotNull();

        assertThat(shapes(rows().stream()))
                .containsAll(shapes(
                        operations(new ObjectMapper().readTree(Path.of(document).toFile()))));
    }

    private static Stream<Row> operations(JsonNode document) {
        return document.get("paths").properties().stream()
                .flatMap(path -> path.getValue().properties().stream()
                        .filter(operation -> Arrays.asList("get", "post", "put", "patch", "delete")
                                .contains(operation.getKey()))
                        .map(operation -> new Row(operation.getKey().toUpperCase(Locale.ROOT), path.getKey(), "")));
    }
}
