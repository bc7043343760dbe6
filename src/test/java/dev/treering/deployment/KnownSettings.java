package dev.treering.deployment;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.ConfigMappings;
import io.smallrye.config.ConfigMappings.ConfigClass;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;

import static java.util.stream.Collectors.toCollection;

/** Every setting that the application reads, of ours, of Quarkus and of Kafka's clients, by its environment variable. */
final class KnownSettings {

    private static final Pattern VARIABLES = Pattern.compile(Stream.of(ours(), quarkus(), kafka())
            .flatMap(names -> names)
            .map(KnownSettings::variable)
            .distinct()
            .reduce((one, other) -> one + "|" + other)
            .orElseThrow());

    private KnownSettings() {}

    /** Those of these variables that nothing would read. */
    static Set<String> unknown(Stream<String> variables) {
        return variables
                .filter(variable -> !VARIABLES.matcher(variable).matches())
                .collect(toCollection(TreeSet::new));
    }

    private static Stream<String> ours() {
        return mappings().flatMap(KnownSettings::properties);
    }

    /** The interfaces that our settings are read into. */
    static Stream<Class<?>> mappings() {
        return new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("dev.treering").stream()
                        .filter(type -> type.isAnnotatedWith(ConfigMapping.class))
                        .map(type -> type.reflect());
    }

    private static Stream<String> quarkus() {
        try {
            ClassLoader loader = Thread.currentThread().getContextClassLoader();
            return Collections.list(loader.getResources("META-INF/quarkus-config-roots.list")).stream()
                    .flatMap(list -> lines(list).stream())
                    .map(KnownSettings::load)
                    .filter(type -> type.isAnnotationPresent(ConfigMapping.class))
                    .flatMap(KnownSettings::properties);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> kafka() {
        return Stream.of(ProducerConfig.configNames(), ConsumerConfig.configNames(), AdminClientConfig.configNames())
                .flatMap(Set::stream)
                .map(name -> "kafka." + name);
    }

    private static Stream<String> properties(Class<?> mapping) {
        return ConfigMappings.getProperties(ConfigClass.configClass(mapping)).keySet().stream();
    }

    /** As a pattern: what a setting's name leaves open, the name of a data source, is one word. */
    private static String variable(String setting) {
        return setting.replaceAll("\"?\\*\"?", "0")
                .replaceAll("[^A-Za-z0-9]", "_")
                .toUpperCase(Locale.ROOT)
                .replaceAll("(?<=_)0(?=_|$)", "[A-Z0-9]+");
    }

    private static List<String> lines(URL list) {
        try (var in = list.openStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(name, false, Thread.currentThread().getContextClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }
}
