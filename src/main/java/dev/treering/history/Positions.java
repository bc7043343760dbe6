package dev.treering.history;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import dev.treering.support.Rows;
import io.quarkus.logging.Log;
import org.apache.kafka.common.TopicPartition;

/**
 * How far the history has read, locked for the length of a transaction. Whoever reads an offset below the position reads
 * something already recorded: after a redelivery, a rebalance, or by a process that does not know that it was replaced.
 */
final class Positions {

    private final Map<TopicPartition, Position> positions = new HashMap<>();

    private static final class Position {

        private long next;
        private long highest;
        private boolean moved;
        private byte[] chainHead;
        private long entries;
        private Integer leaderEpoch;
        private long missed;
        private long replaced;

        private void moveTo(Fact fact) {
            next = fact.offset() + 1;
            highest = Math.max(highest, next);
            leaderEpoch = fact.leaderEpoch();
            moved = true;
        }
    }

    private Positions() {}

    /** Locks the positions of the partitions, making them where they are new. */
    static Positions lock(Connection connection, Collection<TopicPartition> partitions) throws SQLException {
        List<Object[]> keys = partitions.stream()
                .map(partition -> new Object[] {partition.topic(), partition.partition()})
                .toList();
        Rows.update(connection, """
                insert into stream_position (topic, partition, next_offset, chain_head)
                select t, p, 0, '\\x' from unnest(?::text[], ?::int[]) as s(t, p) order by t, p
                on conflict do nothing""", keys);
        Positions locked = new Positions();
        try (PreparedStatement statement = Rows.prepare(connection, """
                        select s.topic, s.partition, s.next_offset, s.chain_head, s.highest_offset, s.entries
                        from stream_position s join unnest(?::text[], ?::int[]) as k(t, p)
                            on s.topic = k.t and s.partition = k.p
                        order by s.topic, s.partition for update of s""", keys);
                ResultSet result = statement.executeQuery()) {
            while (result.next()) {
                Position position = new Position();
                position.next = result.getLong(3);
                position.chainHead = result.getBytes(4);
                position.highest = result.getLong(5);
                position.entries = result.getLong(6);
                locked.positions.put(new TopicPartition(result.getString(1), result.getInt(2)), position);
            }
        }
        return locked;
    }

    /**
     * Whether the fact's offset lies where facts were read before. A log that begins anew is read from its beginning, but some
     * of it may have been read already: before anybody knew, or by a batch that was under way.
     */
    boolean passed(Fact fact) {
        return fact.offset() < positions.get(fact.topicPartition()).highest;
    }

    /** Where the history ends, and a fact that comes later: what lies between is gone, or was not read. */
    record Gap(long position, long offset) {}

    /** The gap before the fact; null where there is none. */
    Gap gapBefore(Fact fact) {
        long next = positions.get(fact.topicPartition()).next;
        return fact.offset() > next ? new Gap(next, fact.offset()) : null;
    }

    /** Moves the position behind a fact that is recorded already. */
    void skip(Fact fact) {
        Position position = positions.get(fact.topicPartition());
        if (fact.offset() >= position.next) {
            position.moveTo(fact);
        }
    }

    /** Moves the position behind the fact, and says where the log is not what it was. */
    void advance(Fact fact) {
        Position position = positions.get(fact.topicPartition());
        long ahead = fact.offset() - position.next;
        if (ahead < 0) {
            // Below the position and yet never seen: Kafka lost the end of its log and writes it anew, or the topic was
            // made again. To skip this would lose events that were answered 202.
            position.replaced++;
            Log.errorf(
                    "%s begins anew at offset %d: Kafka lost what the history had read there. Going on from here",
                    fact.topicPartition(), fact.offset());
        } else if (ahead > 0) {
            position.missed += ahead;
            Log.errorf(
                    "%d records of %s before offset %d are gone from Kafka and were never read",
                    ahead, fact.topicPartition(), fact.offset());
        }
        position.moveTo(fact);
    }

    byte[] chainHead(Fact fact) {
        return positions.get(fact.topicPartition()).chainHead;
    }

    /** Puts the link at the chain's end; its number there. */
    long chain(Fact fact, byte[] link) {
        Position position = positions.get(fact.topicPartition());
        position.chainHead = link;
        return ++position.entries;
    }

    /** What was found gone or begun anew in this transaction, by topic. */
    void forEachLoss(Loss loss) {
        positions.forEach((partition, position) -> {
            if (position.missed + position.replaced > 0) {
                loss.found(partition.topic(), position.missed, position.replaced);
            }
        });
    }

    interface Loss {

        void found(String topic, long missed, long replaced);
    }

    void store(Connection connection) throws SQLException {
        List<Object[]> rows = new ArrayList<>();
        positions.forEach((partition, position) -> {
            if (position.moved) {
                rows.add(new Object[] {
                    partition.topic(),
                    partition.partition(),
                    position.next,
                    position.highest,
                    position.chainHead,
                    position.entries,
                    position.leaderEpoch,
                    position.missed,
                    position.replaced
                });
            }
        });
        Rows.update(connection, """
                update stream_position s set next_offset = u.o, highest_offset = u.g, chain_head = u.h,
                    entries = u.n, leader_epoch = u.e, missed = s.missed + u.m, replaced = s.replaced + u.r
                from unnest(?::text[], ?::int[], ?::bigint[], ?::bigint[], ?::bytea[], ?::bigint[], ?::int[],
                    ?::bigint[], ?::bigint[]) as u(t, p, o, g, h, n, e, m, r)
                where s.topic = u.t and s.partition = u.p""", rows);
    }
}
