package dev.treering.insights;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.event.Outcome;
import dev.treering.support.Rows;

/** How things stand: the newest runs, for those who look every minute. */
@ApplicationScoped
class Builds {

    // A pipeline is looked up by its id, however many there are: joined, all of them might be read.
    private static final String NEWEST = """
            select distinct on (p.slug, p.id, w.name, open) p.id as project, p.slug, w.name, w.id, w.url, l.number,
                coalesce(w.status, 'running') as status, coalesce(w.stopped_at, w.created_at) as at,
                coalesce(w.status, 'running') in %s as open
            from workflow w join project p on p.id = w.project_id
                cross join lateral (select number, branch from pipeline where id = w.pipeline_id offset 0) l
            where w.identity_stamp is not null and w.created_at >= ?
                and p.identity_stamp = (select max(q.identity_stamp) from project q where q.slug = p.slug)
                and (coalesce(?::text, p.default_branch) is null or l.branch = coalesce(?::text, p.default_branch))
            order by p.slug, p.id, w.name, open, w.created_at desc, w.id""".formatted(Outcome.PENDING.inSql());

    private static final String OF_NEWEST_PIPELINE = """
            select distinct on (name) coalesce(status, 'running') as status
            from workflow where identity_stamp is not null and pipeline_id = (
                select l.id from pipeline l
                where l.project_id = ? and l.created_at is not null%s
                    and exists (select from workflow w where w.pipeline_id = l.id and w.identity_stamp is not null)
                order by l.created_at desc, l.id desc limit 1)
            order by name, created_at desc""";

    /**
     * A run of a workflow.
     *
     * @param number its pipeline's; null while nobody told
     * @param at when it ended, else when it began
     */
    record Build(
            UUID project, String slug, String workflow, UUID id, String url, Long number, String status, Instant at) {

        Outcome outcome() {
            return Outcome.of(status);
        }
    }

    private final DataSource reads;

    Builds(@io.quarkus.agroal.DataSource("reads") DataSource reads) {
        this.reads = reads;
    }

    /**
     * Of each project's workflows the newest run that has ended and the newest that has not, in this order.
     *
     * @param branch null for each project's default branch
     */
    List<Build> newest(String branch, Instant since) throws SQLException {
        return list(
                NEWEST,
                row -> new Build(
                        row.getObject("project", UUID.class),
                        row.getString("slug"),
                        row.getString("name"),
                        row.getObject("id", UUID.class),
                        row.getString("url"),
                        row.getObject("number", Long.class),
                        row.getString("status"),
                        Rows.instant(row, "at")),
                OffsetDateTime.ofInstant(since, ZoneOffset.UTC),
                branch,
                branch);
    }

    /**
     * What became of the newest pipeline that has a workflow; of a workflow that was run again, the last run counts.
     *
     * @param branch null for all branches
     */
    List<Outcome> ofNewestPipeline(UUID project, String branch) throws SQLException {
        Reader<Outcome> outcome = row -> Outcome.of(row.getString("status"));
        return branch == null
                ? list(OF_NEWEST_PIPELINE.formatted(""), outcome, project)
                : list(OF_NEWEST_PIPELINE.formatted(" and l.branch = ?"), outcome, project, branch);
    }

    private interface Reader<T> {

        T read(ResultSet row) throws SQLException;
    }

    private <T> List<T> list(String sql, Reader<T> reader, Object... values) throws SQLException {
        try (Connection connection = reads.getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            List<T> found = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    found.add(reader.read(row));
                }
            }
            return found;
        }
    }
}
