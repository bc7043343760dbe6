package dev.treering.history;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLDataException;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import dev.treering.event.CloudEvent;
import dev.treering.event.Topics;
import dev.treering.history.FactReader.Content;
import dev.treering.history.Positions.Gap;
import dev.treering.history.Trail.Outcome;
import dev.treering.outbox.Outbox;
import dev.treering.support.About;
import dev.treering.support.Accounting;
import dev.treering.support.Rows;
import io.quarkus.logging.Log;
import io.quarkus.narayana.jta.QuarkusTransaction;
import org.apache.kafka.common.TopicPartition;

/**
 * The one writer of the history. A batch is one transaction that does everything at once: positions, trail, seen events,
 * rows, dead letters and the events that follow. Either all of it is there or none, so what Kafka delivers again is
 * skipped, and what it never delivered cannot be missing.
 */
@Singleton
public class HistoryWriter {

    private static final String DATA_EXCEPTION = "22000";

    private final DataSource database;
    private final Outbox outbox;
    private final Trail trail;
    private final Accounting accounting;
    private final Slugs slugs = new Slugs();
    // Those seen of each partition since what came last did follow: batches that were under way together find one each.
    private final Map<TopicPartition, Set<Gap>> gaps = new ConcurrentHashMap<>();

    HistoryWriter(DataSource database, Outbox outbox, Trail trail, Accounting accounting) {
        this.database = database;
        this.outbox = outbox;
        this.trail = trail;
        this.accounting = accounting;
    }

    /** A fact with what became of reading it: its content, or why it has none. */
    record Judged(Fact fact, Content content, Unfoldable unfoldable) {

        /** The key under which it is known; it has a content. */
        Fact.Seen seen() {
            return fact.seen(content.webhookId());
        }
    }

    /** What one transaction did, to be counted and published once it has committed, and the gaps before what it left alone. */
    record Recorded(
            List<Trail.Entry> entries, Positions positions, Map<TopicPartition, Gap> gaps, List<Outbox.Row> events) {}

    /**
     * Records the facts, which are in offset order per partition. A fact that PostgreSQL refuses does not hold up the
     * others: the batch is halved until it stands alone, and then it becomes a dead letter.
     *
     * @return whether all of them are recorded. What comes after a gap is left alone when that is seen for the first time:
     *     the database may have been restored to an earlier state, and then Kafka still has what is missing. Whoever reads
     *     again from the position and finds the same gap knows that it is lost
     * @throws SQLException when the database is not there; the batch is then to be recorded again
     */
    boolean record(List<Fact> facts) throws SQLException {
        return recordJudged(facts.stream().map(HistoryWriter::judge).toList());
    }

    private boolean recordJudged(List<Judged> batch) throws SQLException {
        if (batch.isEmpty()) {
            return true;
        }
        try {
            Recorded recorded = inTransaction(batch);
            outbox.publish(recorded.events);
            count(recorded, batch);
            noteGaps(recorded.gaps, partitions(batch));
            return recorded.gaps.isEmpty();
        } catch (SQLException e) {
            trail.forget();
            slugs.forget();
            if (!isRefusal(e)) {
                throw e;
            }
            if (batch.size() == 1) {
                Judged alone = batch.get(0);
                if (alone.unfoldable != null) {
                    throw e;
                }
                // What PostgreSQL says of it may hold what the fact says.
                About.each(ids(alone.fact), () -> {
                    Log.warnf("A fact was refused (%s) and is a dead letter now", e.getSQLState());
                    return null;
                });
                return recordJudged(List.of(new Judged(alone.fact, null, refusal(e))));
            }
            int half = batch.size() / 2;
            return recordJudged(batch.subList(0, half)) & recordJudged(batch.subList(half, batch.size()));
        }
    }

    private void noteGaps(Map<TopicPartition, Gap> found, Set<TopicPartition> partitions) {
        for (TopicPartition partition : partitions) {
            Gap gap = found.get(partition);
            if (gap == null) {
                gaps.remove(partition);
            } else {
                gaps.computeIfAbsent(partition, first -> ConcurrentHashMap.newKeySet())
                        .add(gap);
            }
        }
    }

    static Judged judge(Fact fact) {
        if (fact.body() == null) {
            return new Judged(fact, null, new Unfoldable(Unfoldable.Reason.UNREADABLE, "its bytes were erased"));
        }
        try {
            return new Judged(fact, FactReader.read(fact), null);
        } catch (Unfoldable e) {
            return new Judged(fact, null, e);
        } catch (RuntimeException e) {
            // Whatever a value may do to our reading of it: one fact must not stand in the way of all that follow.
            return new Judged(fact, null, new Unfoldable(Unfoldable.Reason.UNREADABLE, e.toString()));
        }
    }

    private static Unfoldable refusal(SQLException e) {
        return new Unfoldable(Unfoldable.Reason.REFUSED, "%s %s".formatted(e.getSQLState(), e.getMessage()));
    }

    /** Whether the values are at fault (class 22 data exception, 23 constraint, 54 limit) and not the database. */
    private static boolean isRefusal(SQLException e) {
        return e.getSQLState() != null
                && Set.of("22", "23", "54").contains(e.getSQLState().substring(0, 2));
    }

    private static Map<String, String> ids(Fact fact) {
        Map<String, String> ids = new HashMap<>();
        ids.put("event", fact.eventId());
        ids.put("receipt", fact.receipt());
        return ids;
    }

    private Recorded inTransaction(List<Judged> batch) throws SQLException {
        try {
            return QuarkusTransaction.requiringNew().call(() -> {
                try (Connection connection = database.getConnection()) {
                    return write(connection, batch);
                } catch (RuntimeException e) {
                    // Ours, not the database's: a fact that we cannot write must not stand in the way of all others.
                    throw new SQLDataException(e.toString(), DATA_EXCEPTION, e);
                }
            });
        } catch (RuntimeException e) {
            // The transaction wraps what went wrong in it; whether to try again depends on the cause.
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof SQLException sql) {
                    throw sql;
                }
            }
            throw new SQLException("The transaction did not commit", e);
        }
    }

    /** The body of the transaction, which is the caller's to commit. */
    Recorded write(Connection connection, List<Judged> batch) throws SQLException {
        Positions positions = Positions.lock(connection, partitions(batch));
        Set<Fact> recorded = trail.recorded(
                connection,
                batch.stream().map(Judged::fact).filter(positions::passed).toList());
        List<Judged> fresh = new ArrayList<>(batch.size());
        Map<TopicPartition, Gap> found = new HashMap<>();
        for (Judged judged : batch) {
            TopicPartition partition = judged.fact.topicPartition();
            Gap gap = positions.gapBefore(judged.fact);
            if (recorded.contains(judged.fact)) {
                positions.skip(judged.fact);
            } else if (found.containsKey(partition)
                    || gap != null && !gaps.getOrDefault(partition, Set.of()).contains(gap)) {
                found.putIfAbsent(partition, gap);
            } else {
                positions.advance(judged.fact);
                fresh.add(judged);
            }
        }
        if (fresh.isEmpty()) {
            positions.store(connection);
            return new Recorded(List.of(), positions, found, List.of());
        }
        List<Row> told = new ArrayList<>();
        Set<Fact> echoes = new HashSet<>();
        List<Trail.Entry> entries = outcomes(connection, fresh, told, echoes);
        trail.append(connection, entries, positions);
        tally(
                connection,
                entries.stream().filter(entry -> !echoes.contains(entry.fact())).toList(),
                1);
        bury(connection, fresh);
        List<Outbox.Row> events = outbox.add(connection, following(apply(connection, told, slugs), fresh));
        positions.store(connection);
        return new Recorded(entries, positions, found, events);
    }

    /** What becomes of each; what those tell that are new is added to {@code told}, and which are echoes to {@code echoes}. */
    static List<Trail.Entry> outcomes(Connection connection, List<Judged> fresh, List<Row> told, Set<Fact> echoes)
            throws SQLException {
        Seen seen = remember(connection, fresh);
        echoes.addAll(seen.echoes);
        List<Trail.Entry> entries = new ArrayList<>(fresh.size());
        for (Judged judged : fresh) {
            Outcome outcome;
            if (judged.content == null) {
                outcome = Outcome.DEAD;
            } else if (seen.news.remove(judged.seen())) {
                outcome = Outcome.APPLIED;
                told.addAll(judged.content.rows());
            } else {
                outcome = Outcome.DUPLICATE;
            }
            entries.add(new Trail.Entry(judged.fact, outcome, judged.content));
        }
        return entries;
    }

    /** Writes names and rows; the events that follow. */
    static List<CloudEvent> apply(Connection connection, List<Row> told, Slugs names) throws SQLException {
        // Before a merge takes the place of the names that are outweighed.
        names.add(connection, told.stream());
        return upsert(connection, merged(told));
    }

    /** Each with what it follows from: the last fact of the batch that spoke of its entity. */
    private static List<CloudEvent> following(List<CloudEvent> events, List<Judged> fresh) {
        Map<UUID, Fact> causes = new HashMap<>();
        for (Judged judged : fresh) {
            if (judged.content != null) {
                judged.content.rows().forEach(row -> causes.put(row.id(), judged.fact));
            }
        }
        return events.stream()
                .map(event -> {
                    Fact cause = causes.get(UUID.fromString(event.headers().get(CloudEvent.SUBJECT)));
                    return cause == null ? event : event.following(cause.receivedAt(), cause.trace());
                })
                .toList();
    }

    interface Fold {

        void fold(List<Judged> facts) throws SQLException;
    }

    /**
     * Folds all but what PostgreSQL refuses, which is found by halving, within a transaction that goes on.
     *
     * @param refused is told each such fact and why
     */
    static void inPieces(Connection connection, List<Judged> facts, Fold fold, BiConsumer<Judged, Unfoldable> refused)
            throws SQLException {
        if (facts.isEmpty()) {
            return;
        }
        Savepoint before = connection.setSavepoint();
        try {
            fold.fold(facts);
            connection.releaseSavepoint(before);
        } catch (SQLException e) {
            if (!isRefusal(e)) {
                throw e;
            }
            connection.rollback(before);
            if (facts.size() == 1) {
                refused.accept(facts.get(0), refusal(e));
            } else {
                int half = facts.size() / 2;
                inPieces(connection, facts.subList(0, half), fold, refused);
                inPieces(connection, facts.subList(half, facts.size()), fold, refused);
            }
        }
    }

    private static Set<TopicPartition> partitions(List<Judged> batch) {
        return batch.stream().map(judged -> judged.fact.topicPartition()).collect(Collectors.toSet());
    }

    static Map<Table, TreeMap<UUID, Row>> merged(List<Row> told) {
        Map<Table, TreeMap<UUID, Row>> rows = new EnumMap<>(Table.class);
        for (Row row : told) {
            rows.computeIfAbsent(row.table(), table -> new TreeMap<>())
                    .computeIfAbsent(row.id(), id -> new Row(row.table(), id))
                    .merge(row);
        }
        return rows;
    }

    /**
     * What is known of deliveries.
     *
     * @param news those that nobody told before
     * @param echoes facts that are one HTTP request with another: Kafka and the outbox both had it, under the same receipt
     */
    private record Seen(Set<Fact.Seen> news, Set<Fact> echoes) {}

    /** Remembers the deliveries, each with the receipt that it first came under. */
    private static Seen remember(Connection connection, List<Judged> fresh) throws SQLException {
        Map<Fact.Seen, List<Fact>> deliveries = new LinkedHashMap<>();
        fresh.stream()
                .filter(judged -> judged.content != null)
                .forEach(judged -> deliveries
                        .computeIfAbsent(judged.seen(), key -> new ArrayList<>())
                        .add(judged.fact));
        Map<Fact.Seen, String> first = receipts(connection, """
                insert into seen_event (event_id, webhook_id, digest, receipt)
                select * from unnest(?::text[], ?::text[], ?::bytea[], ?::text[]) order by 1, 2, 3
                on conflict do nothing
                returning event_id, webhook_id, encode(digest, 'hex'), receipt""", deliveries);
        Set<Fact.Seen> news = new HashSet<>(first.keySet());
        Map<Fact.Seen, List<Fact>> known = new LinkedHashMap<>(deliveries);
        known.keySet().removeAll(news);
        first.putAll(receipts(connection, """
                select event_id, webhook_id, encode(digest, 'hex'), seen_event.receipt from seen_event
                join unnest(?::text[], ?::text[], ?::bytea[], ?::text[]) as s(event_id, webhook_id, digest, receipt)
                    using (event_id, webhook_id, digest)""", known));
        Set<Fact> echoes = new HashSet<>();
        deliveries.forEach((key, facts) -> facts.stream()
                .skip(news.contains(key) ? 1 : 0)
                .filter(fact -> fact.receipt() != null && fact.receipt().equals(first.get(key)))
                .forEach(echoes::add));
        return new Seen(news, echoes);
    }

    private static Map<Fact.Seen, String> receipts(
            Connection connection, String sql, Map<Fact.Seen, List<Fact>> deliveries) throws SQLException {
        Map<Fact.Seen, String> receipts = new HashMap<>();
        if (deliveries.isEmpty()) {
            return receipts;
        }
        List<Object[]> keys = deliveries.entrySet().stream()
                .map(entry -> new Object[] {
                    entry.getKey().eventId(),
                    entry.getKey().webhookId(),
                    HexFormat.of().parseHex(entry.getKey().digest()),
                    entry.getValue().get(0).receipt()
                })
                .toList();
        try (PreparedStatement statement = Rows.prepare(connection, sql, keys);
                ResultSet result = statement.executeQuery()) {
            while (result.next()) {
                receipts.put(
                        new Fact.Seen(result.getString(1), result.getString(2), result.getString(3)),
                        result.getString(4));
            }
        }
        return receipts;
    }

    /** Counts each project's webhooks by what became of them. */
    static void tally(Connection connection, List<Trail.Entry> entries, int sign) throws SQLException {
        Map<List<String>, Long> facts = entries.stream()
                .filter(entry ->
                        entry.fact().key() != null && entry.fact().topic().equals(Topics.WEBHOOKS))
                .collect(Collectors.groupingBy(
                        entry -> List.of(entry.fact().key(), entry.outcome().toString()), Collectors.counting()));
        Rows.update(
                connection,
                """
                insert into project_tally as t (key, outcome, facts)
                select * from unnest(?::text[], ?::text[], ?::bigint[]) order by 1, 2
                on conflict (key, outcome) do update set facts = t.facts + excluded.facts""",
                facts.entrySet().stream()
                        .map(count -> new Object[] {
                            count.getKey().get(0), count.getKey().get(1), sign * count.getValue()
                        })
                        .toList());
    }

    private static void bury(Connection connection, List<Judged> fresh) throws SQLException {
        List<Object[]> dead = fresh.stream()
                .filter(judged -> judged.unfoldable != null)
                .map(judged -> new Object[] {
                    judged.fact.topic(),
                    judged.fact.partition(),
                    judged.fact.offset(),
                    judged.fact.appendedAt(),
                    judged.unfoldable.reason().name().toLowerCase(Locale.ROOT),
                    CloudEvent.printable(String.valueOf(judged.unfoldable.getMessage()))
                })
                .toList();
        Rows.update(connection, """
                insert into dead_letter (topic, partition, "offset", appended_at, reason, detail)
                select * from unnest(?::text[], ?::int[], ?::bigint[], ?::timestamptz[], ?::text[], ?::text[])""", dead);
    }

    /** Merges the rows, table after table, and then describes what changed, when parents and children are all there. */
    private static List<CloudEvent> upsert(Connection connection, Map<Table, TreeMap<UUID, Row>> rows)
            throws SQLException {
        Map<Table, List<UUID>> changed = new EnumMap<>(Table.class);
        for (var table : rows.entrySet()) {
            changed.put(
                    table.getKey(),
                    Upsert.merge(connection, table.getKey(), table.getValue().values()));
        }
        List<CloudEvent> events = new ArrayList<>();
        for (var table : changed.entrySet()) {
            events.addAll(Changes.describe(connection, table.getKey(), table.getValue()));
        }
        return events;
    }

    private void count(Recorded recorded, List<Judged> batch) {
        recorded.positions.forEachLoss(accounting::lost);
        recorded.entries.stream()
                .collect(Collectors.groupingBy(
                        entry -> List.of(entry.fact().topic(), entry.outcome().toString()), Collectors.counting()))
                .forEach((key, entries) -> accounting.recorded(key.get(0), key.get(1), entries.intValue()));
        Set<Fact> written = recorded.entries.stream().map(Trail.Entry::fact).collect(Collectors.toSet());
        for (Judged judged : batch) {
            if (judged.content != null && written.contains(judged.fact)) {
                // When an answer was given says nothing of when what it tells of happened.
                boolean happened = judged.fact.topic().equals(Topics.WEBHOOKS);
                accounting.readable(judged.fact.receivedAt(), happened ? judged.content.happenedAt() : null);
            }
        }
    }
}
