package dev.treering.audit;

import java.sql.SQLException;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class TaskJobTest {

    @Test
    void full_disk_ends_a_task_and_what_passes_by_itself_does_not() {
        assertThat(TaskJob.isPassing(new SQLException("could not extend file", "53100")))
                .isFalse();
        assertThat(TaskJob.isPassing(new SQLException("too many connections", "53300")))
                .isTrue();
        assertThat(TaskJob.isPassing(new SQLException("the connection is gone")))
                .isTrue();
        assertThat(TaskJob.isPassing(new IllegalStateException())).isFalse();
    }
}
