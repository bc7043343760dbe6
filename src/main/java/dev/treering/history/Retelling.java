package dev.treering.history;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

import jakarta.inject.Singleton;

import dev.treering.event.CloudEvent;
import dev.treering.outbox.Outbox;

/**
 * Says once more what changed, for a consumer that missed it: of every entity that the facts of a time tell the progress of,
 * how it stands now. Where nothing happened since, that is the same event under the same id.
 */
@Singleton
public class Retelling {

    public static final String BEGINNING = " 0 -1 -infinity";

    private final Outbox outbox;

    Retelling(Outbox outbox) {
        this.outbox = outbox;
    }

    /** @param cursor where the next portion begins; null after the last */
    public record Told(int facts, String cursor) {}

    /**
     * Puts the events of a portion of facts into the outbox.
     *
     * @param which of the rows {@code t} of the trail, as SQL; its parameters are {@code values}
     */
    public Told some(Connection connection, String cursor, String which, Object... values) throws SQLException {
        List<Object> all = new ArrayList<>(List.of((Object[]) cursor.split(" ")));
        all.addAll(List.of(values));
        List<Fact> facts =
                Trail.read(connection, """
                select %s from trail t
                where (t.topic, t.partition, t."offset", t.appended_at) > (?, ?::int, ?::bigint, ?::timestamptz)
                    and %s and %s
                order by t.topic, t.partition, t."offset", t.appended_at limit %d""".formatted(Trail.FACT, Trail.FOLDED, which, Trail.PORTION), all.toArray());
        if (facts.isEmpty()) {
            return new Told(0, null);
        }
        List<Row> told = facts.stream()
                .map(HistoryWriter::judge)
                .filter(judged -> judged.unfoldable() == null)
                .flatMap(judged -> judged.content().rows().stream())
                .toList();
        List<CloudEvent> events = new ArrayList<>();
        for (var rows : HistoryWriter.merged(told).entrySet()) {
            events.addAll(Changes.describe(
                    connection,
                    rows.getKey(),
                    rows.getValue().values().stream()
                            .filter(Row::tellsProgress)
                            .map(Row::id)
                            .toList()));
        }
        outbox.leave(connection, events.stream().map(CloudEvent::republished).toList());
        Fact last = facts.get(facts.size() - 1);
        return new Told(
                facts.size(),
                "%s %d %d %s".formatted(last.topic(), last.partition(), last.offset(), last.appendedAt()));
    }
}
