package dev.treering.audit;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.UUID;

import dev.treering.event.Act;
import dev.treering.event.Source;
import dev.treering.event.Topics;
import dev.treering.support.Rows;

/**
 * An entry of the trail without its bytes. The order of the components is the order of the columns of an export: they are
 * only ever added to, at the end.
 *
 * @param id where it stands; the name of its own page
 * @param source {@code webhook}, {@code api}, {@code reconcile}, {@code backfill} or {@code act}
 * @param pipelineId of the one pipeline (workflow, job) that it speaks of
 * @param actor who did it, of an act
 * @param origin the address it was sent from
 * @param secretId which secret verified it
 * @param reason why it could not be read, of a dead one
 */
public record Entry(
        String id,
        String topic,
        int partition,
        long offset,
        Instant appendedAt,
        Instant receivedAt,
        String type,
        String eventId,
        String source,
        UUID projectId,
        UUID pipelineId,
        UUID workflowId,
        UUID jobId,
        String actor,
        String origin,
        String secretId,
        String receipt,
        String outcome,
        String reason) {

    private static final String PROJECTS = "/projects/";

    static Entry of(ResultSet row) throws SQLException {
        Position position = Position.of(row);
        String from = row.getString("source");
        return new Entry(
                position.toString(),
                position.topic(),
                position.partition(),
                position.offset(),
                position.appendedAt(),
                Rows.instant(row, "received_at"),
                row.getString("type"),
                row.getString("event_id"),
                source(position.topic(), row.getString("told_by")),
                from != null && from.startsWith(PROJECTS) ? Filter.uuid(from.substring(PROJECTS.length())) : null,
                row.getObject("pipeline_id", UUID.class),
                row.getObject("workflow_id", UUID.class),
                row.getObject("job_id", UUID.class),
                Act.actor(from),
                row.getString("origin"),
                row.getString("secret_id"),
                row.getString("receipt"),
                row.getString("outcome"),
                row.getString("reason"));
    }

    Position position() {
        return new Position(topic, partition, offset, appendedAt);
    }

    private static String source(String topic, String toldBy) {
        return switch (topic) {
            case Topics.WEBHOOKS -> Source.WEBHOOK.toString();
            case Topics.ACTS -> TrailSearch.ACT;
            default -> toldBy;
        };
    }
}
