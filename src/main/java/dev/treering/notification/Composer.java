package dev.treering.notification;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
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

    // What is usual are the last twenty that passed. A link comes from a payload, and people click on it.
    private static final String DETAILS = """
            select case when w.url like 'https://%%' then w.url
                    else 'https://app.circleci.com/pipelines/workflows/' || w.id end as url,
                p.revision, p.commit_subject, coalesce(p.author_name, p.trigger_actor_login) as author,
                array(select jsonb_build_object('name', name, 'url', case when web_url like 'https://%%' then web_url end)
                    from job where workflow_id = w.id and status in %1$s order by started_at, id limit 20) as failed_jobs,
                array(select left(t ->> 'name', 300) from job j cross join lateral jsonb_array_elements(
                        case jsonb_typeof(j.test_failures) when 'array' then j.test_failures else '[]' end) t
                    where j.workflow_id = w.id and j.status in %1$s and t ->> 'name' <> '' limit 10) as failed_tests,
                (select round(percentile_cont(0.5) within group (order by extract(epoch from stopped_at - created_at)))::bigint
                    from (select w2.stopped_at, w2.created_at from (
                            select id, created_at from pipeline where project_id = p.project_id and branch = p.branch
                                and created_at between p.created_at - interval '90 days' and p.created_at
                            order by created_at desc limit 1000) p2
                        cross join lateral (select * from workflow where pipeline_id = p2.id offset 0) w2
                        where w2.id <> w.id and w2.name = w.name and w2.status in %2$s
                        order by p2.created_at desc limit 20) passed) as usual_seconds
            from workflow w left join pipeline p on p.id = w.pipeline_id where w.id = ?""".formatted(Outcome.FAILURE.inSql(), Outcome.SUCCESS.inSql());

    private record Details(
            String url,
            String revision,
            String commitSubject,
            String author,
            List<FailedJob> failedJobs,
            List<String> failedTests,
            Long usualSeconds) {}

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
        Details details =
                Records.list(connection, Details.class, DETAILS, run.id()).get(0);
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
                details.url,
                run.status(),
                details.revision,
                details.commitSubject,
                details.author,
                run.stoppedAt(),
                run.durationSeconds(),
                details.usualSeconds,
                run.failuresInARow(),
                run.brokenSince(),
                run.brokenSince() == null ? null : run.broken().toSeconds(),
                details.failedJobs,
                details.failedTests,
                List.of(),
                0);
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
