package dev.treering.support;

import java.util.HashMap;
import java.util.Map;

import dev.treering.LogLines;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class AboutTest {

    private static final Logger LOG = Logger.getLogger("about");

    @Test
    void lines_haveTheIdsOfTheirWork_andNoOthersAfterIt() {
        Map<String, String> ids = new HashMap<>();
        ids.put("workflow", "w");
        ids.put("pipeline", null);
        try (LogLines log = new LogLines()) {
            // When
            String done = About.each(ids, () -> {
                LOG.warn("amid work");
                return "done";
            });
            assertThatThrownBy(() -> About.each(ids, () -> {
                        throw new IllegalStateException("broken");
                    }))
                    .hasMessage("broken");
            LOG.warn("after work");
            // Then
            assertThat(done).isEqualTo("done");
            assertThat(log.with("amid work").get(0).ids())
                    .containsEntry("workflow", "w")
                    .doesNotContainKey("pipeline");
            assertThat(log.with("after work").get(0).ids()).doesNotContainKey("workflow");
        }
    }
}
