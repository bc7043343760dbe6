package dev.treering.history;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.treering.event.Change;
import dev.treering.event.CloudEvent;
import dev.treering.event.Outcome;
import dev.treering.event.Transition;
import dev.treering.support.Json;
import dev.treering.support.Rows;
import dev.treering.support.Uuids;

/** Tells what changed: for the rows whose progress is another than before, the events that others consume. */
final class Changes {

    private static final Map<Table, String> SQL = new EnumMap<>(Table.class);

    static {
        String place = "p.project_id, r.slug, p.id as pipeline_id, p.number as pipeline_number, p.branch,"
                + " p.tag, p.revision";
        SQL.put(Table.PIPELINE, """
                select p.id, null as name, p.state as status, null::uuid as workflow_id, null::bigint as job_number,
                    p.created_at, null::timestamptz as stopped_at, true as enriched, null as before, %s
                from pipeline p left join project r on r.id = p.project_id
                where p.id = any(?)""".formatted(place));
        // The run before, of the last 90 days (a name that never ran before must not cost a walk over years): of the
        // same name on the same branch of the same project, the latest that passed or failed. An
        // older pipeline comes before a newer one, and a first run before its rerun. A name is "not distinct", for
        // which no
        // index serves: where little is known of new tables the planner would take the one on names, and read all runs
        // of it.
        SQL.put(Table.WORKFLOW, """
                select w.id, w.name, w.status, w.id as workflow_id, null::bigint as job_number, w.created_at, w.stopped_at,
                    w.details_stamp is not null as enriched,
                    (select w2.status from pipeline p2 join workflow w2 on w2.pipeline_id = p2.id
                        where p2.project_id = p.project_id and p2.branch = p.branch
                            and p2.created_at <= p.created_at
                            and p2.created_at > p.created_at - interval '90 days'
                            and (p2.created_at, w2.created_at) < (p.created_at, w.created_at)
                            and w2.name is not distinct from w.name and w2.status in ('success', 'failed', 'error', 'unauthorized')
                        order by p2.created_at desc, w2.created_at desc limit 1) as before, %s
                from workflow w left join pipeline p on p.id = w.pipeline_id left join project r on r.id = w.project_id
                where w.id = any(?)""".formatted(place));
        // A batch speaks of many jobs of few pipelines: each of those is looked up once.
        SQL.put(Table.JOB, """
                with j as materialized (
                        select id, name, status, workflow_id, number, started_at, stopped_at, details_stamp, pipeline_id, project_id
                        from job where id = any(?)),
                    p as materialized (
                        select id, project_id, number, branch, tag, revision from pipeline
                        where id in (select pipeline_id from j)),
                    r as materialized (select id, slug from project where id in (select project_id from j))
                select j.id, j.name, j.status, j.workflow_id, j.number as job_number, j.started_at as created_at,
                    j.stopped_at, j.details_stamp is not null as enriched, null as before, %s
                from j left join p on p.id = j.pipeline_id left join r on r.id = j.project_id""".formatted(place));
    }

    private Changes() {}

    static List<CloudEvent> describe(Connection connection, Table table, List<UUID> ids) throws SQLException {
        if (ids.isEmpty() || !SQL.containsKey(table)) {
            return List.of();
        }
        List<CloudEvent> events = new ArrayList<>(ids.size());
        try (PreparedStatement statement = connection.prepareStatement(SQL.get(table))) {
            statement.setArray(1, connection.createArrayOf("uuid", ids.toArray()));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    Change change = change(table, row);
                    events.add(CloudEvent.of(change, Json.CIRCLECI.writeValueAsBytes(change)));
                }
            }
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a change is ours and always JSON", e);
        }
        return events;
    }

    private static Change change(Table table, ResultSet row) throws SQLException {
        UUID id = row.getObject("id", UUID.class);
        String status = row.getString("status");
        Instant stoppedAt = Rows.instant(row, "stopped_at");
        Outcome outcome = Outcome.of(status);
        String before = row.getString("before");
        return new Change(
                Uuids.named(table.sqlName() + '/' + id + '/' + status + '/' + stoppedAt),
                table.sqlName(),
                id,
                row.getString("name"),
                status,
                outcome,
                table == Table.WORKFLOW && row.getString("branch") != null
                        ? Transition.of(before == null ? null : Outcome.of(before), outcome)
                        : null,
                row.getObject("project_id", UUID.class),
                row.getString("slug"),
                row.getObject("pipeline_id", UUID.class),
                row.getObject("pipeline_number", Long.class),
                row.getObject("workflow_id", UUID.class),
                row.getObject("job_number", Long.class),
                row.getString("branch"),
                row.getString("tag"),
                row.getString("revision"),
                Rows.instant(row, "created_at"),
                stoppedAt,
                row.getBoolean("enriched"));
    }
}
