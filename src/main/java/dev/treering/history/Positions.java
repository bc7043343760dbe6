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
import org.apache.kafka.common.TopicPartition;

/**
 * How far the history has read, locked for the length of a transaction. Whoever reads an offset below the position reads
 * something already recorded: after a redelivery, a rebalance, or by a process that does not know that it was replaced.
 */
final class Positions {

    private final Map<TopicPartition, Position> positions = new HashMap<>();

    private record Position(long next, byte[] chainHead) {}

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
                        select s.topic, s.partition, s.next_offset, s.chain_head
                        from stream_position s join unnest(?::text[], ?::int[]) as k(t, p)
                            on s.topic = k.t and s.partition = k.p
                        order by s.topic, s.partition for update of s""", keys);
                ResultSet result = statement.executeQuery()) {
            while (result.next()) {
                locked.positions.put(
                        new TopicPartition(result.getString(1), result.getInt(2)),
                        new Position(result.getLong(3), result.getBytes(4)));
            }
        }
        return locked;
    }

    private static TopicPartition key(Fact fact) {
        return new TopicPartition(fact.topic(), fact.partition());
    }

    /** How many offsets lie between the position and the fact: 0 is the next one, less was recorded before. */
    long ahead(Fact fact) {
        return fact.offset() - positions.get(key(fact)).next;
    }

    byte[] chainHead(Fact fact) {
        return positions.get(key(fact)).chainHead;
    }

    void advance(Fact fact, byte[] chainHead) {
        positions.put(key(fact), new Position(fact.offset() + 1, chainHead));
    }

    void store(Connection connection) throws SQLException {
        List<Object[]> rows = new ArrayList<>();
        positions.forEach((partition, position) ->
                rows.add(new Object[] {partition.topic(), partition.partition(), position.next, position.chainHead}));
        Rows.update(connection, """
                update stream_position s set next_offset = u.o, chain_head = u.h
                from unnest(?::text[], ?::int[], ?::bigint[], ?::bytea[]) as u(t, p, o, h)
                where s.topic = u.t and s.partition = u.p""", rows);
    }
}
