package dev.treering.deployment;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.yaml.snakeyaml.Yaml;

import static java.util.stream.Collectors.toMap;

/** {@code docker-compose.yml}, with its variables in place. */
public final class ComposeFile {

    private static final Path FILE = Path.of("docker-compose.yml");
    // ${NAME}, ${NAME:-otherwise}, ${NAME:?what is missing}; each of the latter also where the value is empty.
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{(\\w+)(?::([-?])([^}]*))?}");

    private final Map<String, Object> services;

    private ComposeFile(Map<String, Object> services) {
        this.services = services;
    }

    /** @param variables what stands in {@code .env} */
    @SuppressWarnings("unchecked")
    public static ComposeFile with(Map<String, String> variables) {
        Map<String, Object> file = new Yaml().load(text(FILE));
        return new ComposeFile((Map<String, Object>) resolved(file.get("services"), variables));
    }

    /** As compose does it: in each value, after the file was read as YAML. */
    private static Object resolved(Object value, Map<String, String> variables) {
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> all = new LinkedHashMap<>();
            map.forEach((name, inner) -> all.put(name, resolved(inner, variables)));
            return all;
        }
        if (value instanceof List<?> list) {
            return list.stream().map(inner -> resolved(inner, variables)).toList();
        }
        return value instanceof String text
                ? VARIABLE.matcher(text).replaceAll(found -> Matcher.quoteReplacement(value(found, variables)))
                : value;
    }

    private static String value(MatchResult variable, Map<String, String> variables) {
        String value = variables.getOrDefault(variable.group(1), "");
        if (!value.isEmpty() || variable.group(2) == null) {
            return value;
        }
        if (variable.group(2).equals("?")) {
            throw new IllegalArgumentException(variable.group(1) + ": " + variable.group(3));
        }
        return variable.group(3);
    }

    /** The variables of a file such as {@code .env}. */
    public static Map<String, String> variables(Path file) {
        return text(file)
                .lines()
                .filter(line -> line.matches("\\w+=.*"))
                .map(line -> line.split("=", 2))
                .collect(toMap(pair -> pair[0], pair -> pair[1]));
    }

    public Map<String, Object> service(String name) {
        return member(services, name);
    }

    /** What a container finds in its environment. */
    public Map<String, String> environment(String service) {
        Map<String, String> environment = new TreeMap<>();
        member(service(service), "environment").forEach((name, value) -> environment.put(name, value.toString()));
        return environment;
    }

    public Map<String, Object> services() {
        return services;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> member(Map<String, Object> object, String name) {
        return (Map<String, Object>) object.get(name);
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
