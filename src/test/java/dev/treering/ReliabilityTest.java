package dev.treering;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Tags;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** {@code docs/reliability.md} claims nothing that no test shows. */
class ReliabilityTest {

    private static final Pattern ROW = Pattern.compile("(?m)^\\| (F\\d\\d) ");

    @Test
    void every_fault_in_the_documentation_is_shown_by_a_test_of_its_name() throws IOException {
        // Given
        Set<String> claimed = ROW.matcher(Files.readString(Path.of("docs", "reliability.md")))
                .results()
                .map(row -> row.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(claimed).isNotEmpty();

        // When
        Set<String> shown = new TreeSet<>();
        new ClassFileImporter()
                .importPackages("dev.treering")
                .forEach(type -> type.getMethods().forEach(method -> {
                    method.tryGetAnnotationOfType(Tag.class).ifPresent(tag -> shown.add(tag.value()));
                    method.tryGetAnnotationOfType(Tags.class).ifPresent(tags -> {
                        for (Tag tag : tags.value()) {
                            shown.add(tag.value());
                        }
                    });
                }));

        // Then
        assertThat(shown).containsAll(claimed);
    }
}
