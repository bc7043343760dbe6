package dev.treering.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

class OrphanedPostmasterTest {

    @TempDir
    Path data;

    @Test
    void a_process_that_is_no_postgres_of_this_directory_is_left_alone() throws IOException {
        // Given: after a restart of the machine the number in the file belongs to somebody else, here to this test
        long somebodyElse = ProcessHandle.current().pid();
        Files.writeString(data.resolve("postmaster.pid"), somebodyElse + "\n" + data + "\n");

        // When
        new OrphanedPostmaster(data).clear();

        // Then
        assertThat(data.resolve("postmaster.pid")).doesNotExist();
        assertThat(ProcessHandle.of(somebodyElse)).isPresent();
    }

    @Test
    void a_torn_pid_file_is_removed() throws IOException {
        // Given
        Files.writeString(data.resolve("postmaster.pid"), "");

        // When
        new OrphanedPostmaster(data).clear();

        // Then
        assertThat(data.resolve("postmaster.pid")).doesNotExist();
    }

    @Test
    void no_pid_file_means_nothing_to_do() {
        // When
        new OrphanedPostmaster(data).clear();

        // Then
        assertThat(data).isEmptyDirectory();
    }
}
