package dev.treering.api;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonInclude.Include;
import com.fasterxml.jackson.annotation.JsonRawValue;
import dev.treering.history.PipelineView;
import dev.treering.support.PageToken;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/** A pipeline as {@code GET /pipeline/{id}} and the list of a project give it. */
record PipelineBody(
        UUID id,
        Long number,
        String projectSlug,
        Instant createdAt,

        @JsonInclude(Include.NON_NULL) Instant updatedAt,

        @JsonRawValue String errors,
        String state,
        Trigger trigger,

        @Schema(type = SchemaType.OBJECT) @JsonInclude(Include.NON_NULL) @JsonRawValue
        String triggerParameters,

        @JsonInclude(Include.NON_NULL) Vcs vcs) {

    record Trigger(String type, Instant receivedAt, Actor actor) {}

    record Actor(String login, String avatarUrl) {

        static Actor of(PipelineView pipeline) {
            String login = pipeline.triggerActorLogin();
            // Only the API tells of the actor, and when the trigger was received; it says "" for nobody.
            return new Actor(
                    pipeline.triggerReceivedAt() == null ? login : Untold.text(login), pipeline.triggerActorAvatar());
        }
    }

    record Vcs(
            String providerName,
            String targetRepositoryUrl,
            String originRepositoryUrl,
            String revision,
            @JsonInclude(Include.NON_NULL) String branch,
            @JsonInclude(Include.NON_NULL) String tag,
            @JsonInclude(Include.NON_NULL) String reviewId,
            @JsonInclude(Include.NON_NULL) String reviewUrl,
            @JsonInclude(Include.NON_NULL) Commit commit) {

        static Vcs of(PipelineView pipeline) {
            return pipeline.revision() == null
                    ? null
                    : new Vcs(
                            Provider.spell(pipeline.vcsProvider()),
                            pipeline.targetRepositoryUrl(),
                            pipeline.originRepositoryUrl(),
                            pipeline.revision(),
                            pipeline.branch(),
                            pipeline.tag(),
                            pipeline.reviewId(),
                            pipeline.reviewUrl(),
                            Commit.of(pipeline));
        }
    }

    record Commit(String subject, String body) {

        static Commit of(PipelineView pipeline) {
            return pipeline.commitSubject() == null && pipeline.commitBody() == null
                    ? null
                    : new Commit(pipeline.commitSubject(), pipeline.commitBody());
        }
    }

    /** @param filters a hash of those of the list */
    static Page<PipelineBody> page(List<PipelineView> found, int filters) {
        return Page.of(found, PipelineBody::of, last -> new PageToken(last.createdAt(), last.id(), filters));
    }

    static PipelineBody of(PipelineView pipeline) {
        return new PipelineBody(
                pipeline.id(),
                pipeline.number(),
                pipeline.projectSlug(),
                pipeline.createdAt(),
                pipeline.updatedAt(),
                Untold.list(pipeline.errors()),
                // Only the API tells a state; what a webhook named has been created.
                pipeline.state() == null ? "created" : pipeline.state(),
                new Trigger(pipeline.triggerType(), pipeline.triggerReceivedAt(), Actor.of(pipeline)),
                pipeline.triggerParameters(),
                Vcs.of(pipeline));
    }
}
