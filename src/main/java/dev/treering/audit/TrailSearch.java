package dev.treering.audit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.event.Act;
import dev.treering.event.Source;
import dev.treering.event.Topics;

import static java.util.stream.Collectors.joining;

/**
 * Finds entries of the trail, newest first. What an entry speaks of is asked of the current truth: the pipelines on a branch
 * are those that are on it now. Where these are few, their entries are looked up; where they are many, entries are read by time
 * until a page is full, for then it soon is.
 */
@ApplicationScoped
class TrailSearch {

    /** The word for the source of acts, which {@link Source} has none for. */
    static final String ACT = "act";

    private static final int FEW_PIPELINES = 500;

    private static final String STORED =
            "topic, partition, \"offset\", appended_at, received_at, type, event_id, source, told_by, pipeline_id, workflow_id,"
                    + " job_id, origin, secret_id, receipt, outcome";

    private static final String COLUMNS = STORED + """
            , case when outcome = 'dead' then (select d.reason from dead_letter d where d.topic = t.topic
                and d.partition = t.partition and d."offset" = t."offset" and d.appended_at = t.appended_at) end as reason
            """;

    private static final String NEWEST_FIRST =
            " order by appended_at desc, topic desc, partition desc, \"offset\" desc limit ";

    // In the words of the partial indexes (V8), which are for what is rare.
    private static final List<String> COMMON_TYPES = List.of(
            "com.circleci.workflow-completed",
            "com.circleci.job-completed",
            "dev.treering.snapshot.workflow",
            "dev.treering.snapshot.job",
            "dev.treering.snapshot.pipeline");
    private static final String RARE_TYPE =
            "t.type not in (" + COMMON_TYPES.stream().collect(joining("', '", "'", "'")) + ")";
    private static final String RARE_SOURCE = "t.told_by in ('backfill', 'reconcile')";

    // The few hundred names of all jobs, each found by one step through the index.
    private static final String JOBS_CALLED_ALIKE = """
            job j where j.name in (
                with recursive n (name) as (
                    (select name from job where name is not null order by name limit 1)
                    union all
                    select (select k.name from job k where k.name > n.name order by k.name limit 1) from n where n.name is not null)
                select name from n where position(lower(?) in lower(name)) > 0)""";

    private static final String COMMITS =
            "pipeline p where to_tsvector('simple', p.commit_subject) @@ websearch_to_tsquery('simple', ?)";

    private final DataSource reads;

    TrailSearch(@io.quarkus.agroal.DataSource("reads") DataSource reads) {
        this.reads = reads;
    }

    /** SQL with the values of its parameters. */
    private record Part(String sql, List<Object> values) {

        Part(String sql, Object... values) {
            this(sql, Arrays.asList(values));
        }

        static Part all(String between, Collection<Part> parts) {
            return new Part(
                    parts.stream().map(Part::sql).collect(joining(between)),
                    parts.stream().flatMap(part -> part.values.stream()).toList());
        }
    }

    /** What a filter of runs means for an entry {@code t}, and for the pipeline {@code p} that it must then speak of. */
    private record Run(Part entry, Part pipeline) {}

    /** A search made ready, for as many pages as are wanted. */
    static final class Search {

        private final List<Part> conditions = new ArrayList<>();
        // Whether the conditions name what is looked up; else entries are read by time.
        private boolean lookedUp;
    }

    /** Decides how to search. */
    Search search(Filter filter) throws SQLException {
        Search search = new Search();
        search.conditions.addAll(conditions(filter));
        List<Run> runs = runs(filter);
        if (runs.isEmpty()) {
            return search;
        }
        List<Part> pipelines = new ArrayList<>(runs.stream().map(Run::pipeline).toList());
        if (filter.projects() != null) {
            pipelines.add(new Part("p.project_id = any(?::uuid[])", array(filter.projects())));
        }
        Part candidates = Part.all(" and ", pipelines);
        List<UUID> few = query(
                new Part(
                        "select p.id from pipeline p where %s limit %d".formatted(candidates.sql, FEW_PIPELINES + 1),
                        candidates.values.toArray()),
                row -> row.getObject("id", UUID.class));
        search.lookedUp = few.size() <= FEW_PIPELINES;
        if (search.lookedUp) {
            String acts = filter.asked().actor() == null ? "" : " or t.topic = '%s'".formatted(Topics.ACTS);
            search.conditions.add(new Part("(t.pipeline_id = any(?::uuid[])%s)".formatted(acts), array(few)));
        }
        for (Run run : runs) {
            // "is true" keeps it a filter of what is read by time, and from becoming a join that sorts all it finds.
            search.conditions.add(
                    search.lookedUp
                            ? run.entry
                            : new Part("(" + run.entry.sql + ") is true", run.entry.values.toArray()));
        }
        return search;
    }

    private static List<Part> conditions(Filter filter) {
        List<Part> all = new ArrayList<>();
        all.add(new Part("true"));
        Set<UUID> projects = filter.projects();
        if (projects != null) {
            all.add(
                    projects.size() == 1
                            ? new Part(
                                    "t.key collate \"C\" = ?",
                                    projects.iterator().next().toString())
                            : new Part("t.key collate \"C\" = any(?::text[])", array(projects)));
        }
        if (filter.from() != null) {
            all.add(new Part("t.appended_at >= ?", time(filter.from())));
        }
        if (filter.to() != null) {
            all.add(new Part("t.appended_at < ?", time(filter.to())));
        }
        if (filter.type() != null) {
            all.add(new Part("t.type = ?", filter.type()));
            if (!COMMON_TYPES.contains(filter.type())) {
                all.add(new Part(RARE_TYPE));
            }
        }
        if (filter.asked().outcome() != null) {
            all.add(new Part("t.outcome = ?", filter.asked().outcome()));
            if (!filter.asked().outcome().equals("applied")) {
                all.add(new Part("t.outcome <> 'applied'"));
            }
        }
        if (filter.asked().source() != null) {
            all.add(source(filter.asked().source()));
        }
        return all;
    }

    private static Part source(String source) {
        if (source.startsWith("/projects/")) {
            return new Part(
                    "t.key collate \"C\" = ? and t.source = ?", source.substring("/projects/".length()), source);
        } else if (source.startsWith("/")) {
            return new Part("t.source = ?", source);
        } else if (source.equals(ACT)) {
            return new Part(RARE_TYPE + " and t.topic = ?", Topics.ACTS);
        } else if (source.equals(Source.WEBHOOK.toString())) {
            return new Part("t.topic = ?", Topics.WEBHOOKS);
        }
        return new Part("t.told_by = ?" + (source.equals(Source.API.toString()) ? "" : " and " + RARE_SOURCE), source);
    }

    private static List<Run> runs(Filter filter) {
        List<Run> runs = new ArrayList<>();
        if (filter.asked().pipeline() != null) {
            UUID id = Filter.uuid(filter.asked().pipeline());
            runs.add(pipeline(
                    id == null
                            ? new Part(
                                    "p.number = ? and p.project_id = any(?::uuid[])",
                                    Long.valueOf(filter.asked().pipeline()),
                                    array(filter.projects()))
                            : new Part("p.id = ?", id)));
        }
        if (filter.asked().branch() != null) {
            // Of all projects, too, by the index of each.
            runs.add(pipeline(
                    filter.projects() == null
                            ? new Part(
                                    "p.branch = ? and p.project_id in (select id from project)",
                                    filter.asked().branch())
                            : new Part(
                                    "p.branch = ? and p.project_id = any(?::uuid[])",
                                    filter.asked().branch(),
                                    array(filter.projects()))));
        }
        if (filter.asked().revision() != null) {
            // Its first digits will do: the greatest digit is below g.
            runs.add(pipeline(new Part(
                    "p.revision collate \"C\" >= ? and p.revision collate \"C\" < ?",
                    filter.asked().revision(),
                    filter.asked().revision() + "g")));
        }
        if (filter.asked().actor() != null) {
            Run started = pipeline(
                    new Part("p.trigger_actor_login = ?", filter.asked().actor()));
            runs.add(new Run(
                    new Part(
                            "(%s or t.topic = '%s' and t.source = ?)".formatted(started.entry.sql, Topics.ACTS),
                            filter.asked().actor(),
                            Act.source(filter.asked().actor())),
                    started.pipeline));
        }
        if (filter.asked().workflow() != null) {
            runs.add(named("workflow", filter.asked().workflow()));
        }
        if (filter.asked().job() != null) {
            runs.add(named("job", filter.asked().job()));
        }
        if (filter.asked().q() != null) {
            runs.add(new Run(
                    new Part(
                            "(t.pipeline_id in (select p.id from %s) or t.job_id in (select j.id from %s))"
                                    .formatted(COMMITS, JOBS_CALLED_ALIKE),
                            filter.asked().q(),
                            filter.asked().q()),
                    new Part(
                            "p.id in (select p.id from %s union all select j.pipeline_id from %s)"
                                    .formatted(COMMITS, JOBS_CALLED_ALIKE),
                            filter.asked().q(),
                            filter.asked().q())));
        }
        return runs;
    }

    private static Run pipeline(Part condition) {
        return new Run(
                new Part(
                        "t.pipeline_id in (select p.id from pipeline p where %s)".formatted(condition.sql),
                        condition.values.toArray()),
                condition);
    }

    private static Run named(String table, String idOrName) {
        UUID id = Filter.uuid(idOrName);
        String rows = "%s x where x.%s = ?".formatted(table, id == null ? "name" : "id");
        Object value = id == null ? idOrName : id;
        return new Run(
                new Part("t.%s_id in (select x.id from %s)".formatted(table, rows), value),
                new Part("p.id in (select x.pipeline_id from %s)".formatted(rows), value));
    }

    /**
     * A page, newest first.
     *
     * @param from null for the newest
     * @param newer whether the page lies before that position, and not after it
     */
    List<Entry> page(Search search, Position from, boolean newer, int limit) throws SQLException {
        List<Part> all = new ArrayList<>(search.conditions);
        if (from != null) {
            Object at = time(from.appendedAt());
            // The first half lets whole months be left out.
            String sql = "t.appended_at <= ? and (t.appended_at, t.topic, t.partition, t.\"offset\") < (?, ?, ?, ?)";
            all.add(new Part(
                    newer ? sql.replace('<', '>') : sql, at, at, from.topic(), from.partition(), from.offset()));
        }
        Part where = Part.all(" and ", all);
        String order = (newer ? NEWEST_FIRST.replace(" desc", "") : NEWEST_FIRST) + limit;
        // Looked up first and sorted then: a wrong guess of how many there are must not make it read all by time.
        String sql = search.lookedUp
                ? "with t as materialized (select %s from trail t where %s) select %s from t%s"
                        .formatted(STORED, where.sql, COLUMNS, order)
                : "select %s from trail t where %s%s".formatted(COLUMNS, where.sql, order);
        List<Entry> entries = query(new Part(sql, where.values), Entry::of);
        if (newer) {
            Collections.reverse(entries);
        }
        return entries;
    }

    /** An entry with its bytes; they are null where they were erased. */
    record Whole(Entry entry, String key, String from, byte[] body, byte[] saltedDigest, byte[] chain, String error) {}

    Optional<Whole> entry(Position position) throws SQLException {
        Part where = new Part(
                "t.topic = ? and t.partition = ? and t.\"offset\" = ?",
                position.topic(),
                position.partition(),
                position.offset());
        if (position.appendedAt() != null) {
            where = Part.all(" and ", List.of(where, new Part("t.appended_at = ?", time(position.appendedAt()))));
        }
        String sql = """
                select *, (select d.detail from dead_letter d where d.topic = t.topic and d.partition = t.partition
                    and d."offset" = t."offset" and d.appended_at = t.appended_at) as error
                from (select %s, key, body, salted_digest, chain from trail t where %s) as t%s1""".formatted(COLUMNS, where.sql, NEWEST_FIRST);
        return query(
                        new Part(sql, where.values),
                        row -> new Whole(
                                Entry.of(row),
                                row.getString("key"),
                                row.getString("source"),
                                row.getBytes("body"),
                                row.getBytes("salted_digest"),
                                row.getBytes("chain"),
                                row.getString("error")))
                .stream()
                .findFirst();
    }

    private interface Read<T> {

        T from(ResultSet row) throws SQLException;
    }

    private <T> List<T> query(Part part, Read<T> read) throws SQLException {
        List<T> found = new ArrayList<>();
        try (Connection connection = reads.getConnection();
                PreparedStatement statement = connection.prepareStatement(part.sql)) {
            for (int i = 0; i < part.values.size(); i++) {
                statement.setObject(i + 1, part.values.get(i));
            }
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    found.add(read.from(row));
                }
            }
        }
        return found;
    }

    private static Object time(Instant time) {
        return time.atOffset(ZoneOffset.UTC);
    }

    /** As PostgreSQL writes an array. */
    private static String array(Collection<UUID> ids) {
        return ids.stream().map(UUID::toString).collect(joining(",", "{", "}"));
    }
}
