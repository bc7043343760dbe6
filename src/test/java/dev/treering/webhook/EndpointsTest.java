package dev.treering.webhook;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

import dev.treering.MountedSecret;
import dev.treering.Signed;
import io.smallrye.config.SmallRyeConfigBuilder;
import org.jboss.logmanager.formatters.PatternFormatter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

@Tag("F15")
class EndpointsTest {

    private static final String DEFAULT = "treering.webhook.secrets=";

    @TempDir
    Path folder;

    private Path settings;
    private Endpoints endpoints;

    @BeforeEach
    void open_the_doors() {
        settings = folder.resolve("settings.properties");
        endpoints = new Endpoints(new CurrentSettings(new SmallRyeConfigBuilder()
                .withDefaultValue("smallrye.config.locations", settings.toString())
                .withProfile("prod")
                .build()));
    }

    @Test
    void secret_added_to_the_settings_verifies_and_a_removed_one_no_more() throws IOException {
        // Given
        read(DEFAULT + "old");
        assertThat(verified("default", "old")).isTrue();
        assertThat(verified("default", "new")).isFalse();

        // When
        read(DEFAULT + "old,new");

        // Then
        assertThat(verified("default", "old")).isTrue();
        assertThat(verified("default", "new")).isTrue();

        // When
        read(DEFAULT + "new");

        // Then
        assertThat(verified("default", "old")).isFalse();
        assertThat(verified("default", "new")).isTrue();
    }

    @Test
    void endpoint_appears_and_disappears_with_its_settings() throws IOException {
        // Given
        read(DEFAULT + "a");
        assertThat(endpoints.named("web")).isNull();

        // When
        read(DEFAULT + "a\ntreering.webhook.endpoints.web.secrets=b");

        // Then
        assertThat(verified("web", "b")).isTrue();
        assertThat(verified("web", "a")).isFalse();

        // When
        read(DEFAULT + "a");

        // Then
        assertThat(endpoints.named("web")).isNull();
        assertThat(verified("default", "a")).isTrue();
    }

    @Test
    void mounted_file_is_followed_through_a_swap_of_its_link() throws IOException {
        // Given
        MountedSecret mounted = MountedSecret.of("old");
        read("treering.webhook.secrets-file=" + mounted.file());
        assertThat(verified("default", "old")).isTrue();

        // When
        mounted.update(" new ", "", "newer");
        endpoints.read();

        // Then
        assertThat(verified("default", "old")).isFalse();
        assertThat(verified("default", "new")).isTrue();
        assertThat(verified("default", "newer")).isTrue();
    }

    @Test
    void secrets_of_settings_and_files_count_together() throws IOException {
        // Given
        Path first = Files.writeString(folder.resolve("first"), "a");
        Path second = Files.writeString(folder.resolve("second"), "b\nc\n");

        // When
        read("treering.webhook.endpoints.web.secrets=d\ntreering.webhook.endpoints.web.secrets-file=%s,%s"
                .formatted(first, second));

        // Then
        assertThat(List.of("a", "b", "c", "d")).allMatch(secret -> verified("web", secret));
        assertThat(endpoints.named("default")).isNull();
    }

    static List<String> unreadable() {
        return List.of(
                "",
                "\n \n",
                "caf\u00e9",
                "a\u0000b",
                "a\tb",
                "\u001f\u008b\b\u0000",
                "s\n".repeat(64 * 1024),
                lines(17));
    }

    private static String lines(int number) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < number; i++) {
            lines.append("secret-").append(i).append('\n');
        }
        return lines.toString();
    }

    @ParameterizedTest
    @MethodSource("unreadable")
    void file_that_cannot_be_read_leaves_the_secrets_of_its_endpoint_in_force(String content) throws IOException {
        // Given
        Path file = Files.writeString(folder.resolve("file"), "a");
        read(DEFAULT + "b\ntreering.webhook.endpoints.web.secrets-file=" + file);

        // When
        Files.writeString(file, content, ISO_8859_1);
        read(DEFAULT + "c\ntreering.webhook.endpoints.web.secrets-file=" + file);

        // Then, while another endpoint goes on
        assertThat(verified("web", "a")).isTrue();
        assertThat(verified("default", "c")).isTrue();
        assertThat(verified("default", "b")).isFalse();
    }

    @Test
    void file_that_is_missing_for_a_moment_leaves_the_secrets_in_force_and_says_so_once() throws IOException {
        // Given
        Path file = Files.writeString(folder.resolve("file"), "a");
        read("treering.webhook.secrets-file=" + file);

        // When
        Files.delete(file);
        List<String> said = logged(() -> {
            endpoints.read();
            endpoints.read();
        });

        // Then
        assertThat(verified("default", "a")).isTrue();
        assertThat(said).singleElement().asString().contains("stay as they were", file.toString());

        // When it is back, and gone again
        Files.writeString(file, "b");
        endpoints.read();
        Files.delete(file);
        List<String> again = logged(() -> endpoints.read());

        // Then
        assertThat(verified("default", "b")).isTrue();
        assertThat(again).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\u0000\u0001\u0002",
                "treering.webhook.secrets=",
                "treering.webhook.secrets=\\u12",
                "treering.webhook.secret=b",
                "treering.webhook.max-body-size=large\ntreering.webhook.secrets=b"
            })
    void settings_that_cannot_be_meant_leave_the_secrets_in_force(String content) throws IOException {
        // Given
        read(DEFAULT + "a");

        // When
        read(content);

        // Then
        assertThat(verified("default", "a")).isTrue();
        assertThat(verified("default", "b")).isFalse();
    }

    @Test
    void settings_file_that_is_missing_for_a_moment_closes_no_door() throws IOException {
        // Given one endpoint by other means
        Path file = Files.writeString(folder.resolve("file"), "a");
        System.setProperty("treering.webhook.secrets-file", file.toString());
        try {
            read("treering.webhook.endpoints.web.secrets=b");

            // When
            Files.delete(settings);
            endpoints.read();

            // Then
            assertThat(verified("default", "a")).isTrue();
            assertThat(verified("web", "b")).isTrue();
        } finally {
            System.clearProperty("treering.webhook.secrets-file");
        }
    }

    @Test
    void nothing_opens_where_no_secret_was_ever_read() throws IOException {
        // When
        read("treering.webhook.secrets-file=" + folder.resolve("none"));

        // Then
        assertThat(endpoints.named("default")).isNull();
    }

    @Test
    void change_is_told_by_ids_and_never_by_secrets() throws IOException {
        // Given
        read(DEFAULT + "hunter12,hunter13");

        // When
        List<String> said = logged(() -> read(DEFAULT + "hunter13,hunter14"));

        // Then
        assertThat(said)
                .containsExactly("Webhook endpoint 'default': secrets added [%s], removed [%s]"
                        .formatted(new Secret("hunter14").id(), new Secret("hunter12").id()));
    }

    @Test
    void unchanged_settings_leave_the_snapshot_as_it_is() throws IOException {
        // Given
        read(DEFAULT + "a");
        Endpoint before = endpoints.named("default");

        // When
        List<String> said = logged(() -> read(DEFAULT + " a "));

        // Then
        assertThat(endpoints.named("default")).isSameAs(before);
        assertThat(said).isEmpty();
    }

    private void read(String content) throws IOException {
        Files.writeString(settings, content);
        endpoints.read();
    }

    private boolean verified(String endpoint, String secret) {
        byte[] body = "{}".getBytes(UTF_8);
        return Signature.parse("v1=" + Signed.signature(body, secret))
                .flatMap(signature -> endpoints.named(endpoint).verify(body, signature))
                .isPresent();
    }

    private interface Act {
        void run() throws IOException;
    }

    private static List<String> logged(Act act) throws IOException {
        List<String> said = new ArrayList<>();
        Handler listener = new Handler() {
            @Override
            public void publish(LogRecord message) {
                said.add(new PatternFormatter("%s").format(message));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("dev.treering");
        logger.addHandler(listener);
        try {
            act.run();
        } finally {
            logger.removeHandler(listener);
        }
        return said;
    }
}
