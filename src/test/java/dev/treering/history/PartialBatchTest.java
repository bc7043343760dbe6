package dev.treering.history;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.LogLines;
import dev.treering.Payloads;
import dev.treering.event.CloudEvent;
import dev.treering.event.Topics;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

/** A batch in which one fact goes wrong, told by hand on a partition that the broker does not have. */
@FlowTest
class PartialBatchTest {

    private static final long NOON = 1_795_521_600_000L;
    private static final int PARTITION = 4720;
    private static final int FACTS = 9;

    @Inject
    HistoryWriter writer;

    @Inject
    Database database;

    private static Fact fact(int offset, byte[] body) {
        return Fact.of(new ConsumerRecord<>(
                Topics.WEBHOOKS,
                PARTITION,
                offset,
                NOON,
                TimestampType.LOG_APPEND_TIME,
                0,
                body == null ? -1 : body.length,
                null,
                body,
                new RecordHeaders().add(CloudEvent.ID, ("event " + offset).getBytes(UTF_8)),
                Optional.empty()));
    }

    private static byte[] workflow(UUID id, String name) {
        return new String(Payloads.webhook("github-workflow-completed"), UTF_8)
                .replace("e4a7b2c9-4444-4b8f-8d6e-2c3e4f5a6b04", id.toString())
                .replace("build-and-test", name)
                .getBytes(UTF_8);
    }

    @Test
    @Tag("F20")
    @Tag("F21")
    void one_fact_that_the_database_refuses_and_others_that_cannot_be_read_hold_up_nobody() throws SQLException {
        // Given a constraint that nobody foresaw
        Database.force("alter table workflow add constraint unforeseen check (name <> 'poisoned') not valid");
        List<UUID> sound = new ArrayList<>();
        List<Fact> batch = new ArrayList<>();
        LogLines log = new LogLines();
        try (log) {
            for (int i = 0; i < FACTS; i++) {
                UUID id = UUID.randomUUID();
                switch (i) {
                    case 3 -> batch.add(fact(i, workflow(id, "poisoned")));
                    case 5 -> batch.add(fact(i, null));
                    case 6 -> batch.add(fact(i, new byte[900_000]));
                    default -> {
                        sound.add(id);
                        batch.add(fact(i, workflow(id, "sound")));
                    }
                }
            }
            // When
            writer.record(batch);
        } finally {
            Database.force("alter table workflow drop constraint unforeseen");
        }

        // Then one line says so, with the event's id and without a word of what it says
        assertThat(log.with("is a dead letter now")).singleElement().satisfies(line -> {
            assertThat(line.ids()).containsEntry("event", "event 3");
            assertThat(line.text()).contains("23514").doesNotContain("poisoned");
        });
        for (UUID id : sound) {
            assertThat(database.value("select name from workflow where id = ?", id))
                    .isEqualTo("sound");
        }
        String dead =
                "select string_agg(\"offset\" || ' ' || reason, ', ' order by \"offset\") from dead_letter where partition = ?";
        assertThat(database.value(dead, PARTITION)).isEqualTo("3 refused, 5 unreadable, 6 unreadable");
        assertThat(database.count("select count(*) from trail where partition = ?", PARTITION))
                .isEqualTo(FACTS);
        assertThat(database.count(
                        "select octet_length(body) from trail where partition = ? and \"offset\" = 6", PARTITION))
                .isEqualTo(900_000);
        assertThat(database.count("select next_offset from stream_position where partition = ?", PARTITION))
                .isEqualTo(FACTS);
    }
}
