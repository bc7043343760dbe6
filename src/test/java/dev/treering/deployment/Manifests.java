package dev.treering.deployment;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import org.junit.jupiter.api.Assumptions;
import org.yaml.snakeyaml.Yaml;

import static java.nio.charset.StandardCharsets.UTF_8;

/** What a folder of {@code k8s/} amounts to, rendered by kustomize. */
public final class Manifests {

    private static final List<List<String>> RENDERERS =
            List.of(List.of("kubectl", "kustomize"), List.of("kustomize", "build"));

    private static final Map<String, Class<? extends HasMetadata>> KINDS = Stream.of(
                    ConfigMap.class,
                    Deployment.class,
                    HorizontalPodAutoscaler.class,
                    Ingress.class,
                    Job.class,
                    Namespace.class,
                    NetworkPolicy.class,
                    PodDisruptionBudget.class,
                    Service.class)
            .collect(java.util.stream.Collectors.toMap(
                    type -> HasMetadata.getApiVersion(type) + " " + HasMetadata.getKind(type), type -> type));

    // The model's classes keep what they do not know; here that must fail.
    private static final ObjectMapper STRICT = JsonMapper.builder()
            .annotationIntrospector(new JacksonAnnotationIntrospector() {
                private static final long serialVersionUID = 1;

                @Override
                public Boolean hasAnySetter(Annotated member) {
                    return false;
                }
            })
            .build();

    private final List<JsonNode> objects = new ArrayList<>();

    Manifests(String yaml) {
        new Yaml().loadAll(yaml).forEach(object -> objects.add(STRICT.valueToTree(object)));
    }

    /** Skips the test where nothing can render. */
    public static Manifests of(String folder) {
        for (List<String> renderer : RENDERERS) {
            try {
                List<String> command = new ArrayList<>(renderer);
                command.add(Path.of("k8s", folder).toString());
                Process process = new ProcessBuilder(command)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
                String yaml = new String(process.getInputStream().readAllBytes(), UTF_8);
                if (process.waitFor() != 0) {
                    throw new AssertionError(command + " failed");
                }
                return new Manifests(yaml);
            } catch (IOException absent) {
                // The next one, then.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            }
        }
        String skipped = "skipped: neither kubectl nor kustomize is installed, k8s/ is unchecked";
        System.out.println(skipped);
        return Assumptions.abort(skipped);
    }

    /** All of them, also of kinds that come from operators. */
    List<JsonNode> all() {
        return objects;
    }

    /** Those of a kind that an operator brings. */
    List<JsonNode> all(String kind) {
        return objects.stream()
                .filter(object -> object.path("kind").asText().equals(kind))
                .toList();
    }

    JsonNode one(String kind) {
        List<JsonNode> found = all(kind);
        if (found.size() != 1) {
            throw new AssertionError(found.size() + " objects of the kind " + kind);
        }
        return found.get(0);
    }

    /** Those of a kind of Kubernetes' own, as its model has it. */
    <T extends HasMetadata> List<T> all(Class<T> type) {
        return objects.stream()
                .filter(object -> type.equals(KINDS.get(kind(object))))
                .map(object -> read(object, type))
                .toList();
    }

    /** Reads every object of Kubernetes' own kinds; those that are none are named. */
    List<String> kindsOfOperators() {
        List<String> others = new ArrayList<>();
        for (JsonNode object : objects) {
            Class<? extends HasMetadata> type = KINDS.get(kind(object));
            if (type == null) {
                others.add(kind(object));
            } else {
                read(object, type);
            }
        }
        return others.stream().distinct().sorted().toList();
    }

    /** The pods of Deployments and Jobs. */
    List<PodTemplateSpec> pods() {
        return Stream.concat(
                        all(Deployment.class).stream().map(one -> one.getSpec().getTemplate()),
                        all(Job.class).stream().map(one -> one.getSpec().getTemplate()))
                .toList();
    }

    /**
     * What the container of a Deployment or Job of this name finds in its environment.
     *
     * @param secrets the values by {@code name/key}; a variable whose secret is absent is left out
     */
    public Map<String, String> environment(String name, Map<String, String> secrets) {
        Map<String, String> environment = new HashMap<>();
        JsonNode container = container(name);
        each(container.path("envFrom"))
                .map(from -> from.at("/configMapRef/name").asText())
                .flatMap(map -> all(ConfigMap.class).stream()
                        .filter(one -> one.getMetadata().getName().equals(map)))
                .forEach(map -> environment.putAll(map.getData()));
        each(container.path("env")).forEach(variable -> {
            JsonNode secret = variable.at("/valueFrom/secretKeyRef");
            String value = secret.isMissingNode()
                    ? variable.path("value").asText()
                    : secrets.get(secret.path("name").asText() + "/"
                            + secret.path("key").asText());
            if (value != null) {
                environment.put(variable.path("name").asText(), value);
            }
        });
        return environment;
    }

    /** With what its program is called. */
    public List<String> arguments(String name) {
        return texts(container(name).path("args"));
    }

    private JsonNode container(String name) {
        return objects.stream()
                .filter(object -> object.at("/metadata/name").asText().equals(name))
                .map(object -> object.at("/spec/template/spec/containers/0"))
                .filter(found -> !found.isMissingNode())
                .findFirst()
                .orElseThrow();
    }

    private static String kind(JsonNode object) {
        return object.path("apiVersion").asText() + " " + object.path("kind").asText();
    }

    private static <T> T read(JsonNode object, Class<T> type) {
        try {
            return STRICT.treeToValue(object, type);
        } catch (IOException e) {
            throw new UncheckedIOException(kind(object) + " " + object.at("/metadata/name"), e);
        }
    }

    static Stream<JsonNode> each(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }

    static List<String> texts(JsonNode list) {
        return each(list).map(JsonNode::asText).toList();
    }
}
