package dev.treering.status;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.BindException;
import java.util.List;

import io.quarkus.runtime.QuarkusBindException;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.ConfigValidationException.Problem;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

class StartFailureTest {

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    private int explain(Throwable failure) {
        return StartFailure.explain(failure, new PrintStream(printed, true, UTF_8));
    }

    @Test
    void wrongSettings_areListedAllInOneMessageWithoutAStackTrace() {
        // Given
        var problems = new ConfigValidationException(new Problem[] {
            new Problem("treering.roles: 'recevier' is no role"),
            new Problem("treering.topics.partitions must be at least 1")
        });
        // When
        int code = explain(new RuntimeException("Failed to start quarkus", problems));
        // Then
        assertThat(code).isEqualTo(78);
        assertThat(printed.toString(UTF_8))
                .contains("'recevier' is no role", "partitions must be at least 1", "README.md")
                .doesNotContain("\tat ");
    }

    @Test
    void aSettingThatDoesNotFitAnother_isSaidInOneLine() {
        int code = explain(new RuntimeException(
                "Failed to start quarkus", new ConfigurationException("treering.circleci.lease must be longer")));
        assertThat(code).isEqualTo(78);
        assertThat(printed.toString(UTF_8)).hasLineCount(1).contains("treering.circleci.lease must be longer");
    }

    @Test
    void aTakenPort_isNamedWithTheSettingThatChoosesAnother() {
        int code =
                explain(new RuntimeException(new QuarkusBindException("localhost", 8080, new BindException("in use"))));
        assertThat(code).isEqualTo(78);
        assertThat(printed.toString(UTF_8))
                .contains("port 8080", "QUARKUS_HTTP_PORT")
                .doesNotContain("\tat ");
    }

    @Test
    void anythingElse_isShownWhole() {
        int code = explain(new IllegalStateException("unexpected"));
        assertThat(code).isEqualTo(1);
        assertThat(printed.toString(UTF_8).lines().toList())
                .anySatisfy(line -> assertThat(line).contains("unexpected"))
                .containsAll(List.of("java.lang.IllegalStateException: unexpected"));
    }
}
