package dev.treering.notification;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

import dev.treering.event.Outcome;
import dev.treering.notification.Message.FailedJob;
import dev.treering.support.Uuids;

import static java.util.stream.Collectors.joining;

/** Makes messages of one moment, with what the history knows of each run by then. */
final class Composer {

    private static final String FAILED = Outcome.FAILURE.inSql();

    // What is usual are the last twenty that passed. Test failures were written by anybody: a name may not be one.
    private static final String DETAILS = """
            select w.url, p.revision, p.commit_subject, coalesce(p.author_name, p.trigger_actor_login) as author,
                jobs.names, jobs.urls,
                array(select left(t ->> 'name', 300) from job j cross join lateral jsonb_array_elements(
                        case jsonb_typeof(j.test_failures) when 'array' then j.test_failures else '[]' end) t
                    where j.workflow_id = w.id and j.status in %1$s and t ->> 'name' is not null limit 10) as tests,
                (select percentile_cont(0.5) within group (order by extract(epoch from stopped_at - created_at)) from (
                    select w2.stopped_at, w2.created_at from pipeline p2 join workflow w2 on w2.pipeline_id = p2.id
                    where p2.project_id = p.project_id and p2.branch = p.branch and p2.created_at <= p.created_at
                        and p2.created_at > p.created_at - interval '90 days' and w2.id <> w.id
                        and w2.name = w.name and w2.status in %2$s
                    order by p2.created_at desc limit 20) passed) as usual
            from workflow w left join pipeline p on p.id = w.pipeline_id
            cross join lateral (select array_agg(name) as names, array_agg(web_url) as urls from (
                select name, web_url from job where workflow_id = w.id and status in %1$s
                order by started_at, id limit 20) failed) jobs
            where w.id = ?""".formatted(FAILED, Outcome.SUCCESS.inSql());

    private final Connection connection;
    private final Instant now;
    private final Map<UUID, Message> composed = new HashMap<>();

    Composer(Connection connection, Instant now) {
        this.connection = connection;
        this.now = now;
    }

    static UUID id(Rule rule, Run run) {
        return Uuids.named("notification/%s/%s/%s/%s".formatted(rule.id(), run.key(), run.id(), rule.kind()));
    }

    /** Several channels may be told the same. */
    Message message(Rule rule, Run run) throws SQLException {
        UUID id = id(rule, run);
        Message known = composed.get(id);
        if (known == null) {
            known = compose(id, rule, run);
            composed.put(id, known);
        }
        return known;
    }

    private Message compose(UUID id, Rule rule, Run run) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(DETAILS)) {
            statement.setObject(1, run.id());
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                String url = row.getString("url");
                Double usual = row.getObject("usual", Double.class);
                boolean broke = run.brokenSince() != null;
                return new Message(
                        id,
                        Message.Kind.valueOf(rule.kind().name()),
                        now,
                        run.projectId(),
                        run.slug(),
                        run.branch(),
                        run.workflow(),
                        run.id(),
                        run.pipelineId(),
                        run.pipelineNumber(),
                        // It comes from a payload, and people click on it.
                        url != null && url.startsWith("https://")
                                ? url
                                : "https://app.circleci.com/pipelines/workflows/" + run.id(),
                        run.status(),
                        row.getString("revision"),
                        row.getString("commit_subject"),
                        row.getString("author"),
                        run.stoppedAt(),
                        run.stoppedAt() == null
                                ? null
                                : Duration.between(run.createdAt(), run.stoppedAt())
                                        .toSeconds(),
                        usual == null ? null : Math.round(usual),
                        run.failuresInARow(),
                        run.brokenSince(),
                        broke ? run.broken().toSeconds() : null,
                        jobs(strings(row, "names"), strings(row, "urls")),
                        List.of(strings(row, "tests")),
                        List.of(),
                        0);
            }
        }
    }

    private static String[] strings(ResultSet row, String column) throws SQLException {
        return row.getArray(column) == null
                ? new String[0]
                : (String[]) row.getArray(column).getArray();
    }

    private static List<FailedJob> jobs(String[] names, String[] urls) {
        List<FailedJob> jobs = new ArrayList<>();
        for (int i = 0; i < names.length; i++) {
            jobs.add(new FailedJob(names[i], urls[i] == null || !urls[i].startsWith("https://") ? null : urls[i]));
        }
        return jobs;
    }

    /**
     * One message of several.
     *
     * @param ids of all of them
     * @param told the first of them, which the message tells in full
     * @param pipeline that they all belong to, told by the first; false where they are of many
     */
    Message summary(UUID channel, List<UUID> ids, List<Message> told, boolean pipeline) {
        Message first = told.get(0);
        UUID id = Uuids.named("notification/%s/%s"
                .formatted(channel, ids.stream().sorted().map(UUID::toString).collect(joining(","))));
        return new Message(
                id,
                Message.Kind.SUMMARY,
                now,
                pipeline ? first.projectId() : null,
                pipeline ? first.projectSlug() : null,
                pipeline ? first.branch() : null,
                null,
                null,
                pipeline ? first.pipelineId() : null,
                pipeline ? first.pipelineNumber() : null,
                null,
                null,
                pipeline ? first.revision() : null,
                pipeline ? first.commitSubject() : null,
                pipeline ? first.author() : null,
                null,
                null,
                null,
                0,
                null,
                null,
                List.of(),
                List.of(),
                told,
                ids.size() - told.size());
    }
}
