package dev.treering.api;

import java.time.Instant;
import java.util.UUID;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.treering.history.JobDetailView;
import dev.treering.history.JobView;
import dev.treering.history.PipelineView;
import dev.treering.history.ProjectView;
import dev.treering.history.WorkflowView;
import dev.treering.support.Json;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** What the history does not know, in CircleCI's shape: required members are there, optional ones are not. */
class BodiesTest {

    private static final UUID ID = UUID.fromString("00000000-0000-0000-0000-000000000001");
    private static final Instant TIME = Instant.parse("2026-11-24T05:51:32Z");

    private static final ObjectMapper MAPPER = new ObjectMapper().registerModule(new JavaTimeModule());

    static {
        new Json().customize(MAPPER);
    }

    @Test
    void pipeline_thatOnlyItsIdentityIsKnownOf_isCreatedWithoutVcs() {
        // Given
        PipelineView known = new PipelineView(
                ID, ID, 7L, null, TIME, null, null, null, null, null, null, null, null, null, null, null, null, null,
                null, null, null, null, null);

        // When
        JsonNode body = MAPPER.valueToTree(PipelineBody.of(known));

        // Then
        assertThat(body).hasToString("""
                {"id":"00000000-0000-0000-0000-000000000001","number":7,"project_slug":null,\
                "created_at":"2026-11-24T05:51:32.000Z","errors":[],"state":"created",\
                "trigger":{"type":null,"received_at":null,"actor":{"login":null,"avatar_url":null}}}""");
    }

    @Test
    void pipeline_fromAWebhook_spellsItsProviderAsTheApiDoes() {
        // Given
        PipelineView known = new PipelineView(
                ID,
                ID,
                7L,
                "gh/acme/web",
                TIME,
                null,
                null,
                null,
                "webhook",
                null,
                null,
                null,
                "{\"deploy\":true}",
                "github",
                "https://github.com/acme/web",
                "https://github.com/acme/web",
                "1dc6aa69",
                "main",
                null,
                null,
                null,
                "Fix it",
                null);

        // When
        JsonNode body = MAPPER.valueToTree(PipelineBody.of(known));

        // Then
        assertThat(body.get("trigger_parameters")).hasToString("{\"deploy\":true}");
        assertThat(body.get("vcs")).hasToString("""
                {"provider_name":"GitHub","target_repository_url":"https://github.com/acme/web",\
                "origin_repository_url":"https://github.com/acme/web","revision":"1dc6aa69","branch":"main",\
                "commit":{"subject":"Fix it","body":null}}""");
    }

    @Test
    void workflow_thatOnlyItsJobsWereHeardOf_isRunning() {
        // Given
        WorkflowView known = new WorkflowView(
                ID, ID, "build", null, TIME, null, ID, 7L, "gh/acme/web", null, null, null, null, null, null);

        // When
        JsonNode body = MAPPER.valueToTree(WorkflowBody.of(known));

        // Then
        assertThat(body).hasToString("""
                {"id":"00000000-0000-0000-0000-000000000001","name":"build","status":"running",\
                "created_at":"2026-11-24T05:51:32Z","stopped_at":null,\
                "pipeline_id":"00000000-0000-0000-0000-000000000001","pipeline_number":7,\
                "project_slug":"gh/acme/web","started_by":null}""");
    }

    @Test
    void job_thatNeverStarted_hasNoNumberAndANullStart() {
        // Given
        JobView known =
                new JobView(ID, "hold", null, "gh/acme/web", null, null, null, "blocked", null, null, null, null, null);

        // When
        JsonNode body = MAPPER.valueToTree(JobBody.of(known));

        // Then
        assertThat(body).hasToString("""
                {"id":"00000000-0000-0000-0000-000000000001","name":"hold","project_slug":"gh/acme/web",\
                "started_at":null,"status":"blocked","type":"build","dependencies":[]}""");
    }

    @Test
    void jobDetail_ofAWebhookAlone_hasADurationFromItsTimes() {
        // Given
        JobDetailView known = new JobDetailView(
                42L,
                "test",
                "success",
                null,
                null,
                TIME,
                TIME.plusMillis(1500),
                null,
                null,
                ID,
                "gh/acme/web",
                "web",
                null,
                "acme",
                ID,
                ID,
                "build",
                null,
                null,
                null,
                null,
                null,
                null);

        // When
        JsonNode body = MAPPER.valueToTree(JobDetailBody.of(known));

        // Then
        assertThat(body.get("duration")).hasToString("1500");
        assertThat(body.get("executor")).hasToString("{\"resource_class\":null}");
        assertThat(body.get("parallel_runs")).isEmpty();
        assertThat(body.fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder(
                        "web_url",
                        "project",
                        "parallel_runs",
                        "started_at",
                        "queued_at",
                        "latest_workflow",
                        "name",
                        "executor",
                        "parallelism",
                        "status",
                        "number",
                        "pipeline",
                        "duration",
                        "created_at",
                        "messages",
                        "contexts",
                        "organization",
                        "stopped_at");
    }

    @Test
    void project_hasTheSlugOfItsOrganization() {
        // Given
        ProjectView known = new ProjectView(ID, "gh/acme/web", "web", null, "acme", null, "github", null);

        // When
        JsonNode body = MAPPER.valueToTree(ProjectBody.of(known));

        // Then
        assertThat(body).hasToString("""
                {"id":"00000000-0000-0000-0000-000000000001","slug":"gh/acme/web","name":"web",\
                "organization_name":"acme","organization_slug":"gh/acme","organization_id":null,\
                "vcs_info":{"vcs_url":null,"provider":"GitHub","default_branch":null}}""");
    }
}
