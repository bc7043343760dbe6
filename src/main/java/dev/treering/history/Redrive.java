package dev.treering.history;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

import jakarta.inject.Singleton;

import dev.treering.event.CloudEvent;
import dev.treering.history.HistoryWriter.Judged;
import dev.treering.history.Trail.Entry;
import dev.treering.history.Trail.Outcome;
import dev.treering.outbox.Outbox;
import dev.treering.support.Rows;

/**
 * Dead letters, judged again by the present code. What can be read now is folded as the writer folds, with seen deliveries,
 * rows and events in the caller's transaction; the trail keeps saying what became of the fact when it came.
 */
@Singleton
public class Redrive {

    /** The words by which dead letters are grouped. */
    public static final List<String> REASONS = Stream.of(Unfoldable.Reason.values())
            .map(reason -> reason.name().toLowerCase(Locale.ROOT))
            .toList();

    private final Outbox outbox;

    Redrive(Outbox outbox) {
        this.outbox = outbox;
    }

    /**
     * Judges some of those that wait.
     *
     * @param which of the rows {@code d} of {@code dead_letter}, as SQL; its parameters are {@code values}
     * @param by who wants it
     * @return how many were judged; none when there are no more
     */
    public int some(Connection connection, String by, String which, Object... values) throws SQLException {
        List<Fact> facts = Trail.read(connection, """
                select %s from (select * from dead_letter d where d.resolution is null and %s
                    order by d.appended_at, d.id limit %d for update) d
                join trail t using (topic, partition, "offset", appended_at)
                order by appended_at, d.id""".formatted(Trail.FACT, which, Trail.PORTION), values);
        List<Judged> readable = new ArrayList<>();
        Map<Fact, Unfoldable> dead = new HashMap<>();
        for (Fact fact : facts) {
            Judged judged = HistoryWriter.judge(fact);
            if (judged.unfoldable() == null) {
                readable.add(judged);
            } else {
                dead.put(fact, judged.unfoldable());
            }
        }
        List<Entry> entries = new ArrayList<>();
        HistoryWriter.inPieces(
                connection,
                readable,
                piece -> {
                    List<Row> told = new ArrayList<>();
                    List<Entry> outcomes = HistoryWriter.outcomes(connection, piece, told, new HashSet<>());
                    outbox.leave(connection, HistoryWriter.apply(connection, told, new Slugs()));
                    entries.addAll(outcomes);
                },
                (judged, refusal) -> dead.put(judged.fact(), refusal));
        HistoryWriter.tally(
                connection,
                entries.stream()
                        .map(entry -> new Entry(entry.fact(), Outcome.DEAD, null))
                        .toList(),
                -1);
        HistoryWriter.tally(connection, entries, 1);
        resolve(connection, entries, by);
        stillDead(connection, dead);
        return facts.size();
    }

    private static void resolve(Connection connection, List<Entry> entries, String by) throws SQLException {
        Rows.update(
                connection,
                """
                update dead_letter d set resolution = u.r, resolved_by = u.w, resolved_at = now()
                from unnest(?::text[], ?::int[], ?::bigint[], ?::timestamptz[], ?::text[], ?::text[]) as u(t, p, o, a, r, w)
                where (d.topic, d.partition, d."offset", d.appended_at) = (u.t, u.p, u.o, u.a)""",
                entries.stream()
                        .map(entry ->
                                place(entry.fact(), entry.outcome() == Outcome.APPLIED ? "redriven" : "duplicate", by))
                        .toList());
    }

    private static void stillDead(Connection connection, Map<Fact, Unfoldable> dead) throws SQLException {
        Rows.update(
                connection,
                """
                update dead_letter d set reason = u.r, detail = u.w, tried_at = now()
                from unnest(?::text[], ?::int[], ?::bigint[], ?::timestamptz[], ?::text[], ?::text[]) as u(t, p, o, a, r, w)
                where (d.topic, d.partition, d."offset", d.appended_at) = (u.t, u.p, u.o, u.a)""",
                dead.entrySet().stream()
                        .map(letter -> place(
                                letter.getKey(),
                                letter.getValue().reason().name().toLowerCase(Locale.ROOT),
                                CloudEvent.printable(
                                        String.valueOf(letter.getValue().getMessage()))))
                        .toList());
    }

    private static Object[] place(Fact fact, String word, String text) {
        return new Object[] {fact.topic(), fact.partition(), fact.offset(), fact.appendedAt(), word, text};
    }
}
