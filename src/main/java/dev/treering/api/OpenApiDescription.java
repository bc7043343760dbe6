package dev.treering.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Modifier;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

import jakarta.annotation.security.PermitAll;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import dev.treering.support.Problem;
import io.quarkus.smallrye.openapi.OpenApiFilter;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.media.Content;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;
import org.eclipse.microprofile.openapi.models.parameters.Parameter;
import org.eclipse.microprofile.openapi.models.parameters.RequestBody;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;
import org.eclipse.microprofile.openapi.models.responses.APIResponses;
import org.jboss.jandex.AnnotationInstance;
import org.jboss.jandex.AnnotationTarget;
import org.jboss.jandex.ClassInfo;
import org.jboss.jandex.FieldInfo;
import org.jboss.jandex.IndexView;
import org.jboss.jandex.Type;

import static java.util.stream.Collectors.joining;

/**
 * Completes {@code /openapi} while we are built, so that the doors need no annotations for it. Words come from
 * {@code openapi/words.properties}; the answers of an operation, each with what was really answered, from
 * {@code openapi/examples/{operationId}.json}; names, nulls and raw JSON from the records that Jackson writes.
 */
@OpenApiFilter(OpenApiFilter.RunStage.BUILD)
public final class OpenApiDescription implements OASFilter {

    private static final String SLUG = "project/{vcs}/{organization}/{project}/";

    private final IndexView index;
    private final Properties words = new Properties();

    /** The records of ours that a schema may describe. */
    private final List<ClassInfo> records;

    public OpenApiDescription(IndexView index) throws IOException {
        this.index = index;
        this.records = index.getKnownClasses().stream()
                .filter(type -> type.isRecord() && type.name().toString().startsWith("dev.treering."))
                // The longest name first: PageJobBody is a Page and no Pa.
                .sorted(Comparator.comparing(
                        (ClassInfo type) -> -type.simpleName().length()))
                .toList();
        try (InputStream in = resource("words.properties")) {
            words.load(in);
        }
    }

    @Override
    public void filterOpenAPI(OpenAPI document) {
        Set<String> asked = new HashSet<>();
        document.getPaths()
                .getPathItems()
                .forEach((path, item) -> item.getOperations().forEach((method, operation) -> {
                    describe(path, operation);
                    contents(operation.getRequestBody())
                            .forEach(type -> asked.add(type.getSchema().getRef()));
                }));
        document.getComponents()
                .getSchemas()
                .forEach((name, schema) -> records.stream()
                        .filter(type -> name.startsWith(type.simpleName()) && describes(schema, type))
                        .findFirst()
                        .ifPresent(type -> describe(schema, type, asked.contains("#/components/schemas/" + name))));
    }

    private void describe(String path, Operation operation) {
        String[] door = operation.getOperationId().split("_");
        // v2, and what is left of v1
        boolean circleCis = path.matches("/api/(v2|\\{version})/.*");
        String id = door[0].replaceFirst("(Resource|Route)$", "") + "_" + door[1];
        operation.operationId(id).summary(words.getProperty(id)).addTag(circleCis ? category(path) : "Treering");
        Objects.requireNonNullElse(operation.getParameters(), List.<Parameter>of())
                .forEach(parameter -> parameter.setDescription(
                        words.getProperty(id + "." + parameter.getName(), words.getProperty(parameter.getName()))));
        Map<String, Object> answers = new TreeMap<>();
        boolean open = isPublic(door[0], door[1]);
        if (open) {
            // A token may be sent, and need not be
            operation.security(List.of(OASFactory.createSecurityRequirement()));
        }
        // To whom a door of ours opens is a setting; what is left of v1 asks nobody.
        if (operation.getSecurity() == null || open && !circleCis) {
            answers.putAll(examples(circleCis ? "messages" : "problems"));
        }
        answers.putAll(examples(id));
        contents(operation.getRequestBody()).forEach(type -> type.setExample(answers.remove("request")));
        answer(operation, answers, circleCis);
    }

    private static void answer(Operation operation, Map<String, Object> examples, boolean circleCis) {
        Content success = operation.getResponses().getAPIResponses().values().stream()
                .map(APIResponse::getContent)
                .filter(Objects::nonNull)
                .findFirst()
                .orElseGet(OASFactory::createContent);
        APIResponses answers = OASFactory.createAPIResponses();
        examples.forEach((status, example) -> {
            Content content = status.startsWith("2") ? success : failure(circleCis);
            content.getMediaTypes().values().forEach(type -> type.setExample(example));
            lines(content, example);
            answers.addAPIResponse(
                    status,
                    OASFactory.createAPIResponse()
                            .description(Response.Status.fromStatusCode(Integer.parseInt(status))
                                    .getReasonPhrase())
                            .content(example == null ? null : content));
        });
        operation.setResponses(answers);
    }

    /** A door that sends a page's items also as lines: a line is an item, or what its columns are called. */
    private static void lines(Content content, Object example) {
        if (example instanceof Map<?, ?> page
                && page.get("items") instanceof List<?> items
                && !items.isEmpty()
                && items.get(0) instanceof Map<?, ?> item) {
            Map<String, org.eclipse.microprofile.openapi.models.media.MediaType> types = content.getMediaTypes();
            if (types.containsKey("application/x-ndjson")) {
                types.get("application/x-ndjson")
                        .schema(OASFactory.createSchema().ref("#/components/schemas/Entry"))
                        .example(item);
                types.get("text/csv")
                        .schema(OASFactory.createSchema().addType(SchemaType.STRING))
                        .example(item.keySet().stream().map(Object::toString).collect(joining(",")));
            }
        }
    }

    private static Content failure(boolean circleCis) {
        return OASFactory.createContent()
                .addMediaType(
                        circleCis ? MediaType.APPLICATION_JSON : Problem.MEDIA_TYPE,
                        OASFactory.createMediaType()
                                .schema(OASFactory.createSchema()
                                        .ref("#/components/schemas/" + (circleCis ? "Message" : "Problem"))));
    }

    /** What CircleCI's own documentation calls the chapter. */
    private static String category(String path) {
        String word = path.replaceFirst("/api/[^/]+/", "").replace(SLUG, "").replaceFirst("/.*", "");
        return switch (word) {
            case "project", "envvar", "checkout-key" -> "Project";
            case "build", "recent-builds" -> "Pipeline";
            case "me", "user" -> "User";
            default -> word.startsWith("{") ? "Job" : word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
        };
    }

    private boolean isPublic(String door, String method) {
        return index.getAnnotations(PermitAll.class).stream()
                .map(AnnotationInstance::target)
                .anyMatch(target -> target.kind() == AnnotationTarget.Kind.CLASS
                        ? target.asClass().simpleName().equals(door)
                        : target.asMethod().name().equals(method)
                                && target.asMethod()
                                        .declaringClass()
                                        .simpleName()
                                        .equals(door));
    }

    private static boolean describes(Schema schema, ClassInfo type) {
        return schema.getProperties() != null
                && components(type)
                        .filter(field -> !field.hasAnnotation(JsonUnwrapped.class))
                        .allMatch(field -> schema.getProperties().containsKey(wireName(field)));
    }

    /** @param asked whether it is what we are sent: there, whatever may be null may be left out */
    private void describe(Schema schema, ClassInfo type, boolean asked) {
        components(type).forEach(field -> {
            if (field.hasAnnotation(JsonUnwrapped.class)) {
                describe(schema, index.getClassByName(field.type().name()), asked);
            } else {
                describe(schema, type, field, asked);
            }
        });
    }

    private static void describe(Schema schema, ClassInfo type, FieldInfo field, boolean asked) {
        String name = wireName(field);
        Schema value = schema.getProperties().get(name);
        // JSON that is kept as text is a list where nothing else is said.
        if (field.hasAnnotation(JsonRawValue.class) && value.getType().contains(SchemaType.STRING)) {
            value.setType(List.of(SchemaType.ARRAY));
        }
        boolean leftOut = field.hasAnnotation(JsonInclude.class) || type.hasDeclaredAnnotation(JsonInclude.class);
        if (!asked && !leftOut) {
            schema.addRequired(name);
        }
        if (!leftOut && field.type().kind() != Type.Kind.PRIMITIVE) {
            schema.addProperty(name, orNull(value));
        }
    }

    private static Schema orNull(Schema schema) {
        return schema.getType() == null
                ? OASFactory.createSchema()
                        .addAnyOf(schema)
                        .addAnyOf(OASFactory.createSchema().addType(SchemaType.NULL))
                : schema.addType(SchemaType.NULL);
    }

    // Jackson's annotations are not on the components themselves but on the fields behind them.
    private static Stream<FieldInfo> components(ClassInfo type) {
        return type.fields().stream().filter(field -> !Modifier.isStatic(field.flags()));
    }

    private static String wireName(FieldInfo field) {
        return SnakeCaseStrategy.INSTANCE.translate(field.name());
    }

    private static Collection<org.eclipse.microprofile.openapi.models.media.MediaType> contents(RequestBody body) {
        return body == null ? List.of() : body.getContent().getMediaTypes().values();
    }

    private static Map<String, Object> examples(String name) {
        try (InputStream in = resource("examples/" + name + ".json")) {
            // Of a door that is new there are none; OpenApiTest says so.
            return in == null ? Map.of() : new ObjectMapper().readValue(in, new TypeReference<>() {});
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream resource(String name) {
        return OpenApiDescription.class.getResourceAsStream("/openapi/" + name);
    }
}
