package dev.treering.deployment;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.smallrye.config.ConfigMappings;
import io.smallrye.config.ConfigMappings.ConfigClass;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** The guide names every limit, timeout, pool and queue that has a setting, with its default. */
class OperationsTest {

    private static final Path GUIDE = Path.of("docs", "operations.md");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([^`]+)` \\| `([^`]+)` \\| \\S.* \\|$");
    private static final String[] CONSUMERS = {"history", "enrichment", "notification"};

    @Test
    void everyLimit_standsInTheGuideWithItsDefault() throws IOException {
        assertThat(documented()).containsExactlyEntriesOf(configured());
    }

    /** What begins with a number is a limit, whatever its unit. */
    private static Map<String, String> configured() throws IOException {
        Map<String, String> limits = new TreeMap<>();
        KnownSettings.mappings()
                .forEach(type -> ConfigMappings.getProperties(ConfigClass.configClass(type))
                        .forEach((name, property) -> {
                            // A list is given whole, and not its members.
                            if (property.hasDefaultValue() && !name.endsWith("[*]")) {
                                limits.put(name, property.getDefaultValue());
                            }
                        }));
        Properties file = new Properties();
        try (Reader reader = Files.newBufferedReader(Path.of("src/main/resources/application.properties"))) {
            file.load(reader);
        }
        file.stringPropertyNames().forEach(name -> {
            String before = limits.put(name, file.getProperty(name));
            assertThat(before).as(name).isIn(null, file.getProperty(name));
        });
        limits.values().removeIf(value -> !value.matches("(-c \\S+=)?\\d.*"));
        limits.remove("quarkus.smallrye-openapi.open-api-version");
        return limits;
    }

    private static Map<String, String> documented() throws IOException {
        String guide = Files.readString(GUIDE);
        String section = guide.substring(guide.indexOf("\n## Every limit"));
        Map<String, String> rows = new TreeMap<>();
        ROW.matcher(section)
                .results()
                .forEach(row -> names(row)
                        .forEach(name -> assertThat(rows.put(name, row.group(2)))
                                .as(name)
                                .isNull()));
        return rows;
    }

    private static Stream<String> names(MatchResult row) {
        return row.group(1).contains("*")
                ? Stream.of(CONSUMERS).map(name -> row.group(1).replace("*", name))
                : Stream.of(row.group(1));
    }
}
