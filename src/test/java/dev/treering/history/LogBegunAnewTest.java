package dev.treering.history;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.event.Topics;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

/** What the history makes of offsets, told by hand: a partition that the broker does not have, so that nobody else writes it. */
@FlowTest
class LogBegunAnewTest {

    private static final long NOON = 1_795_521_600_000L;

    @Inject
    HistoryWriter writer;

    @Inject
    Database database;

    private int partition = 4711;

    private Fact ping(long offset, long appendedAt, String happenedAt) {
        String id = UUID.nameUUIDFromBytes((offset + "/" + appendedAt).getBytes(UTF_8))
                .toString();
        byte[] body = "{\"type\":\"ping\",\"id\":\"%s\",\"happened_at\":\"%s\"}"
                .formatted(id, happenedAt)
                .getBytes(UTF_8);
        RecordHeaders headers = new RecordHeaders();
        headers.add("ce_id", id.getBytes(UTF_8));
        return Fact.of(new ConsumerRecord<>(
                Topics.WEBHOOKS,
                partition,
                offset,
                appendedAt,
                TimestampType.LOG_APPEND_TIME,
                0,
                body.length,
                null,
                body,
                headers,
                Optional.empty()));
    }

    private long entries() {
        return database.count("select count(*) from trail where partition = ?", partition);
    }

    private long position() {
        return database.count("select next_offset from stream_position where partition = ?", partition);
    }

    @Test
    void anOffsetThatStandsForAnotherRecord_isRecordedAndARedeliveryIsNot() throws SQLException {
        // Given three facts, the last of a clock that never was set
        Fact first = ping(0, NOON, "2026-11-24T12:00:00Z");
        Fact second = ping(1, NOON + 1, "2026-11-24T12:00:00Z");
        Fact third = ping(2, NOON + 2, "0001-01-01T00:00:00Z");
        writer.record(List.of(first, second, third));
        assertThat(entries()).isEqualTo(3);
        // When they are delivered again
        writer.record(List.of(first, second, third));
        // Then nothing is new
        assertThat(entries()).isEqualTo(3);
        assertThat(position()).isEqualTo(3);
        // When the broker lost its last record, and another took its offset
        Fact another = ping(2, NOON + 5000, "2026-11-24T12:00:05Z");
        writer.record(List.of(first, second, another));
        // Then that one is recorded beside the lost one
        assertThat(entries()).isEqualTo(4);
        assertThat(position()).isEqualTo(3);
        // When the topic was made anew, and what follows comes in order
        writer.record(
                List.of(ping(0, NOON + 9000, "2026-11-24T12:00:09Z"), ping(1, NOON + 9001, "2026-11-24T12:00:09Z")));
        // Then the history goes on from there
        assertThat(entries()).isEqualTo(6);
        assertThat(position()).isEqualTo(2);
    }

    @Test
    @Tag("F30")
    void whatWasReadOfALogBeforeItWasKnownToBeAnother_isRecordedOnce() throws SQLException {
        // Given a log that was read, and made anew longer than it was, so that its middle is read first
        partition = 4712;
        writer.record(log(NOON).subList(0, 2));
        List<Fact> anew = log(NOON + 20_000);
        writer.record(anew.subList(2, 5));
        // When it is known to be another, and read from its beginning while a batch of its end is under way
        database.value("update stream_position set next_offset = 0 where partition = ? returning topic", partition);
        assertThat(writer.record(anew.subList(5, 7))).isFalse();
        writer.record(anew.subList(0, 3));
        writer.record(anew.subList(3, 5));
        // Then each of its records is there once, none is missed, and the position moves over what was recorded
        assertThat(entries()).isEqualTo(2 + 5);
        assertThat(position()).isEqualTo(5);
        writer.record(anew.subList(5, 8));
        assertThat(entries()).isEqualTo(2 + 8);
        assertThat(position()).isEqualTo(8);
        assertThat(missed()).isZero();
    }

    @Test
    @Tag("F32")
    @Tag("F51")
    void aGap_isALossOnlyWhenItIsThereAgain() throws SQLException {
        // Given
        partition = 4713;
        List<Fact> log = log(NOON);
        writer.record(log.subList(0, 1));
        // When what comes does not follow, in two batches that were under way together
        assertThat(writer.record(log.subList(3, 5))).isFalse();
        assertThat(writer.record(log.subList(5, 6))).isFalse();
        // Then it is left alone
        assertThat(entries()).isOne();
        assertThat(missed()).isZero();
        // When it is read again from the position, and what lay between is there, but for one
        assertThat(writer.record(List.of(log.get(1), log.get(3), log.get(4)))).isFalse();
        assertThat(writer.record(log.subList(3, 6))).isTrue();
        // Then that one is missed
        assertThat(entries()).isEqualTo(5);
        assertThat(position()).isEqualTo(6);
        assertThat(missed()).isOne();
    }

    @Test
    @Tag("F32")
    void aGap_isKnownAgainAlsoWhereALaterBatchWasUnderWayWithIt() throws SQLException {
        // Given
        partition = 4714;
        List<Fact> log = log(NOON);
        writer.record(log.subList(0, 1));
        // When two batches find it, each before its first record
        assertThat(writer.record(log.subList(3, 5))).isFalse();
        assertThat(writer.record(log.subList(5, 6))).isFalse();
        // Then reading again from the position ends with the first of them
        assertThat(writer.record(log.subList(3, 5))).isTrue();
        assertThat(writer.record(log.subList(5, 6))).isTrue();
        assertThat(missed()).isEqualTo(2);
        assertThat(position()).isEqualTo(6);
    }

    private long missed() {
        return database.count("select missed from stream_position where partition = ?", partition);
    }

    private List<Fact> log(long begin) {
        return IntStream.range(0, 8)
                .mapToObj(offset -> ping(offset, begin + offset, "2026-11-24T12:00:00Z"))
                .toList();
    }
}
