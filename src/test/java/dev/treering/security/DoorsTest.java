package dev.treering.security;

import java.lang.annotation.Annotation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import jakarta.annotation.security.PermitAll;
import jakarta.annotation.security.RolesAllowed;
import jakarta.inject.Inject;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;

import com.tngtech.archunit.core.domain.JavaAnnotation;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.properties.CanBeAnnotated;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.treering.Database;
import dev.treering.FlowTest;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

/** Every door with every scope, and with a token for another project. A new door is found by itself. */
@FlowTest
class DoorsTest {

    private static final Pattern PARAMETER = Pattern.compile("\\{(\\w+)[^}]*}");

    // The trail knows nothing of the project here: TrailTest looks at what it tells.
    private static final Set<String> TELL_OF_THEIRS_ALONE =
            Set.of("/api/trail", "/api/trail/{entry}", "/api/workflows/{id}/notifications");

    @Inject
    Database database;

    @Inject
    Tokens tokens;

    private final UUID project = UUID.randomUUID();
    private final String organization = "acme-" + project.toString().substring(0, 8);
    private final UUID entity = UUID.randomUUID();

    /** @param scope the one that opens it; null where everybody may come in */
    private record Door(String method, String template, String scope) {

        boolean tellsOfAProject() {
            // What is handed on is not told by us.
            return template.contains("{") && !template.startsWith("/api/v2-forwarded/");
        }
    }

    @BeforeEach
    void seed() {
        database.change(
                "insert into project (id, identity_stamp, slug, name, organization_name, default_branch) values (?, '1', ?, 'web', ?, 'main')",
                project,
                "gh/" + organization + "/web",
                organization);
        database.change(
                "insert into pipeline (id, identity_stamp, project_id, number, created_at, branch, config_stamp, config_source, config_compiled)"
                        + " values (?, '1', ?, 7, now(), 'main', '1', '', '')",
                entity,
                project);
        database.change(
                "insert into workflow (id, identity_stamp, project_id, pipeline_id, name, created_at) values (?, '0001780000000000w0123456789abcdef', ?, ?, 'build', now())",
                entity,
                project,
                entity);
        database.change(
                "insert into job (id, identity_stamp, project_id, pipeline_id, workflow_id, name, number, tests_stamp, test_failures,"
                        + " artifacts_stamp, artifacts) values (?, '1', ?, ?, ?, 'test', 7, '1', '[]', '1', '[]')",
                entity,
                project,
                entity,
                entity);
    }

    @Test
    void every_door_opens_to_its_scope_and_to_admin_alone() throws Exception {
        List<String> wrong = new ArrayList<>();
        for (Door door : doors()) {
            // Who may not come in must be told so before anything else is looked at, so that the path may be made up.
            String path = path(door, "nobody", UUID.randomUUID());
            if (door.scope() == null) {
                continue;
            }
            expect(wrong, door, "no token", ask(door, path, null), 401);
            expect(wrong, door, "a revoked token", ask(door, path, revoked()), 401);
            expect(wrong, door, "an expired token", ask(door, path, expired()), 401);
            for (String scope : Scope.ALL) {
                int status = ask(door, path, token(null, scope)).statusCode();
                boolean open = scope.equals(door.scope()) || scope.equals(Scope.ADMIN);
                if (open == (status == 401 || status == 403)) {
                    wrong.add("%s with %s: %d".formatted(door, scope, status));
                }
            }
        }

        // Then
        assertThat(wrong).isEmpty();
    }

    @Test
    void door_answers_about_a_foreign_project_as_about_an_unknown_one() throws Exception {
        String own = token(Set.of(project), Scope.HISTORY_READ);
        String foreign = token(Set.of(UUID.randomUUID()), Scope.HISTORY_READ);
        List<String> wrong = new ArrayList<>();
        for (Door door : doors()) {
            if (!door.method().equals("GET") || !Scope.HISTORY_READ.equals(door.scope())) {
                continue;
            }
            String path = path(door, organization, entity);
            int seen = ask(door, path, own).statusCode();
            Response hidden = ask(door, path, foreign);
            if (door.tellsOfAProject()) {
                Response unknown = ask(door, path(door, "nobody", UUID.randomUUID()), foreign);
                expect(wrong, door, "for an own project", seen, 200);
                expect(wrong, door, "for a foreign project", hidden, unknown.statusCode());
                if (!masked(hidden).equals(masked(unknown))) {
                    wrong.add("%s: %s but %s".formatted(door, hidden.asString(), unknown.asString()));
                }
            } else if (hidden.statusCode() == 200 && hidden.asString().contains(organization)) {
                wrong.add("%s tells of a foreign project".formatted(door));
            }
        }

        // Then
        assertThat(wrong).isEmpty();
    }

    @Test
    void door_of_another_scope_is_shut_to_who_is_limited_to_projects_but_where_it_tells_of_these_alone()
            throws Exception {
        List<String> wrong = new ArrayList<>();
        for (Door door : doors()) {
            if (!Scope.AUDIT_READ.equals(door.scope()) && !Scope.NOTIFY_ADMIN.equals(door.scope())) {
                continue;
            }
            String limited = token(Set.of(UUID.randomUUID()), door.scope());
            Response answer = ask(door, path(door, organization, entity), limited);
            if (!TELL_OF_THEIRS_ALONE.contains(door.template())) {
                expect(wrong, door, "limited to projects", answer, 403);
            } else if (answer.asString().contains(organization)
                    || answer.asString().contains(project.toString())) {
                wrong.add("%s tells of a foreign project".formatted(door));
            }
        }

        // Then
        assertThat(wrong).isEmpty();
    }

    @Test
    void doors_are_found() throws Exception {
        assertThat(doors())
                .contains(
                        new Door("GET", "/api/v2/workflow/{id}/job", Scope.HISTORY_READ),
                        new Door("POST", "/api/tokens", Scope.ADMIN))
                .hasSizeGreaterThan(12);
        assertThat(doors())
                .filteredOn(door -> door.scope() == null)
                .extracting(Door::template)
                .as("doors for everybody")
                .allMatch(template -> template.startsWith("/api/{version:v1[.1]*}/"));
    }

    private static String masked(Response response) {
        return response.asString()
                .replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID")
                .replaceAll("(gh/)?(acme-[0-9a-f]{8}|nobody)", "ORG");
    }

    private static void expect(List<String> wrong, Door door, String with, Response response, int status) {
        expect(wrong, door, with, response.statusCode(), status);
    }

    private static void expect(List<String> wrong, Door door, String with, int status, int expected) {
        if (status != expected) {
            wrong.add("%s %s: %d instead of %d".formatted(door, with, status, expected));
        }
    }

    private String revoked() throws Exception {
        Tokens.Made made = tokens.create("revoked", List.of(Scope.ADMIN), null, null, "test");
        tokens.revoke(made.token().id());
        return made.text();
    }

    private String expired() throws Exception {
        Tokens.Made made = tokens.create("expired", List.of(Scope.ADMIN), null, null, "test");
        database.change(
                "update api_token set expires_at = now() where id = ?",
                made.token().id());
        return made.text();
    }

    private String token(Set<UUID> projects, String scope) throws Exception {
        return tokens.create("test", List.of(scope), projects, null, "test").text();
    }

    private static Response ask(Door door, String path, String token) {
        RequestSpecification request = given().contentType("application/json");
        if (door.method().matches("POST|PUT|PATCH")) {
            request.body("{}");
        }
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        // A stream has no end to wait for; its head is the same.
        return request.request(door.template().equals("/api/stream") ? "HEAD" : door.method(), path);
    }

    private static String path(Door door, String organization, UUID id) {
        return PARAMETER.matcher(door.template()).replaceAll(parameter -> switch (parameter.group(1)) {
            case "vcs" -> "gh";
            case "organization" -> organization;
            case "project" -> "web";
            case "number" -> "7";
            case "workflow" -> "build";
            case "entities" -> "workflows";
            default -> id.toString();
        });
    }

    private static List<Door> doors() throws Exception {
        return new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("dev.treering").stream()
                        .filter(type -> type.isAnnotatedWith(Path.class))
                        .flatMap(DoorsTest::doors)
                        .toList();
    }

    private static Stream<Door> doors(JavaClass type) {
        return type.getMethods().stream()
                .flatMap(method -> verb(method).stream()
                        .map(verb -> new Door(verb, template(type) + template(method), scope(method, type))));
    }

    private static Optional<String> verb(JavaMethod method) {
        return method.getAnnotations().stream()
                .map(JavaAnnotation::getRawType)
                .filter(type -> type.isAnnotatedWith(HttpMethod.class))
                .map(type -> type.getAnnotationOfType(HttpMethod.class).value())
                .findFirst();
    }

    private static String template(CanBeAnnotated element) {
        return value(element, Path.class)
                .map(Path::value)
                .map(path -> path.startsWith("/") ? path : "/" + path)
                .orElse("");
    }

    // The method's word goes before its class's. A door with two scopes or none has none of ours, and fails with each.
    /** Null at a door for everybody; "none" where nothing is said. A badge's door asks by itself, unless a setting opens it. */
    private static String scope(JavaMethod method, JavaClass type) {
        for (CanBeAnnotated element : List.of(method, type)) {
            if (element.isAnnotatedWith(PermitAll.class)) {
                return type.getSimpleName().equals("BadgeResource") ? Scope.HISTORY_READ : null;
            }
            if (element.isAnnotatedWith(RolesAllowed.class)) {
                return String.join(
                        " and ",
                        value(element, RolesAllowed.class).orElseThrow().value());
            }
        }
        return "none";
    }

    private static <A extends Annotation> Optional<A> value(CanBeAnnotated element, Class<A> annotation) {
        return element.isAnnotatedWith(annotation)
                ? Optional.of(((com.tngtech.archunit.core.domain.properties.HasAnnotations<?>) element)
                        .getAnnotationOfType(annotation))
                : Optional.empty();
    }
}
