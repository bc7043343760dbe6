package dev.treering.audit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import jakarta.ws.rs.core.StreamingOutput;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

class ExportTest {

    private static final int ENTRIES = 100_000;

    /** A trail that makes its entries when they are asked for. */
    private static final class Endless extends TrailSearch {

        private int made;

        private Endless() {
            super(null);
        }

        @Override
        List<Entry> page(Search search, Position from, boolean newer, int limit) {
            List<Entry> page = new ArrayList<>();
            for (; page.size() < limit && made < ENTRIES; made++) {
                page.add(new Entry(
                        "circleci.webhooks:0:%d:0".formatted(made),
                        "circleci.webhooks",
                        0,
                        made,
                        Instant.EPOCH,
                        null,
                        "com.circleci.job-completed",
                        null,
                        "webhook",
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        "applied",
                        null));
            }
            return page;
        }
    }

    @Test
    void export_holds_no_more_than_a_chunk() throws Exception {
        // Given
        Endless trail = new Endless();
        ObjectMapper json = new ObjectMapper().registerModule(new JavaTimeModule());
        Export export = new Export(trail, json, CheckpointTest.Settings.of(null));
        int[] lines = {0};
        int[] most = {0};
        OutputStream reader = new OutputStream() {
            @Override
            public void write(int b) {
                throw new AssertionError("one byte after another is no way to write so many");
            }

            @Override
            public void write(byte[] bytes, int from, int length) {
                lines[0] += (int) new String(bytes, from, length, UTF_8)
                        .chars()
                        .filter(c -> c == '\n')
                        .count();
                most[0] = Math.max(most[0], trail.made - lines[0]);
            }
        };

        // When
        StreamingOutput stream =
                (StreamingOutput) export.of(null, null, Export.CSV, null).getEntity();
        stream.write(reader);

        // Then
        assertThat(lines[0]).isEqualTo(ENTRIES + 1);
        assertThat(most[0]).isLessThan(3_000);
    }

    @Test
    void export_whose_reader_is_gone_makes_room_for_the_next() throws Exception {
        // Given
        Export export = new Export(
                new Endless(),
                new ObjectMapper().registerModule(new JavaTimeModule()),
                CheckpointTest.Settings.of(null));
        StreamingOutput stream =
                (StreamingOutput) export.of(null, null, Export.NDJSON, null).getEntity();
        OutputStream gone = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("the reader is gone");
            }
        };
        ByteArrayOutputStream next = new ByteArrayOutputStream();

        // When
        stream.write(gone);
        stream.write(next);

        // Then
        assertThat(next.size()).isPositive();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            plain text | plain text
            a,b | "a,b"
            a;=b | "a;=b"
            ＝1+1 | '＝1+1
            say "so" | "say ""so\"""
            =1+1 | '=1+1
            +1 | '+1
            -1 | '-1
            @SUM(A1) | '@SUM(A1)
            =a,"b" | "'=a,""b\"""
            1-1 | 1-1
            """)
    void cell_is_quoted_where_it_must_be_and_never_a_formula(String text, String cell) {
        assertThat(Export.cell(text)).isEqualTo(cell);
        assertThat(Export.cell("\t" + text)).contains("'\t");
        assertThat(Export.cell("\r" + text)).startsWith("\"'\r");
    }
}
