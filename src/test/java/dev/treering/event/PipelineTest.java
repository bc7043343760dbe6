package dev.treering.event;

import java.io.IOException;

import dev.treering.Payloads;
import dev.treering.support.Json;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class PipelineTest {

    @Test
    void checkout_of_github_is_its_vcs() throws IOException {
        // When
        Pipeline.Vcs checkout = checkout("github-workflow-completed");

        // Then
        assertThat(checkout.providerName()).isEqualTo("github");
        assertThat(checkout.branch()).isEqualTo("main");
        assertThat(checkout.tag()).isNull();
        assertThat(checkout.revision()).isEqualTo("3f1c2b7a9d5e4f60812233445566778899aabbcc");
        assertThat(checkout.targetRepositoryUrl()).isEqualTo("https://github.com/acme/web");
        assertThat(checkout.commit().subject()).isEqualTo("Grow a ring");
        assertThat(checkout.commit().author()).isEqualTo(new Pipeline.Person("Dev Example", "dev@example.com"));
    }

    @Test
    void checkout_of_a_github_tag_knows_only_the_revision() throws IOException {
        // When
        Pipeline.Vcs checkout = checkout("github-tag-workflow-completed");

        // Then
        assertThat(checkout.revision()).isNotNull();
        assertThat(checkout.branch()).isNull();
        assertThat(checkout.tag()).isNull();
        assertThat(checkout.commit().subject()).isNull();
        assertThat(checkout.commit().author()).isEqualTo(new Pipeline.Person(null, null));
    }

    @Test
    void checkout_of_an_api_trigger_has_a_branch_and_no_commit() throws IOException {
        // When
        Pipeline.Vcs checkout = checkout("api-triggered-workflow-completed");

        // Then
        assertThat(checkout.branch()).isEqualTo("main");
        assertThat(checkout.commit().authoredAt()).isNull();
    }

    @Test
    void checkout_of_bitbucket_may_lack_the_committer() throws IOException {
        // When
        Pipeline.Vcs checkout = checkout("bitbucket-workflow-completed");

        // Then
        assertThat(checkout.providerName()).isEqualTo("bitbucket");
        assertThat(checkout.branch()).isEqualTo("master");
        assertThat(checkout.commit().committer()).isEqualTo(new Pipeline.Person(null, null));
    }

    @Test
    void checkout_of_gitlab_is_read_from_the_trigger_parameters() throws IOException {
        // When
        Pipeline.Vcs checkout = checkout("gitlab-workflow-completed");

        // Then
        assertThat(checkout.providerName()).isEqualTo("gitlab");
        assertThat(checkout.branch()).isEqualTo("feature/rings");
        assertThat(checkout.tag()).isNull();
        assertThat(checkout.revision()).isEqualTo("77aa88bb99cc00dd11ee22ff33445566778899aa");
        assertThat(checkout.originRepositoryUrl()).isEqualTo("https://gitlab.com/acme/app");
        assertThat(checkout.commit().subject()).isEqualTo("Count the rings");
        assertThat(checkout.commit().body()).isEqualTo("Count the rings\n\nTwice.");
        assertThat(checkout.commit().authoredAt()).isEqualTo("2026-03-06T14:20:58+00:00");
    }

    @Test
    void checkout_of_a_github_app_is_read_from_the_trigger_parameters() throws IOException {
        // When
        Pipeline.Vcs checkout = checkout("github-app-workflow-completed");

        // Then
        assertThat(checkout.providerName()).isEqualTo("github");
        assertThat(checkout.branch()).isEqualTo("setup");
        assertThat(checkout.revision()).isEqualTo("9e2e4bed59d2e6c51d00e0e0b49f1b79ff146a00");
        assertThat(checkout.originRepositoryUrl()).isNull();
        assertThat(checkout.commit().subject()).isEqualTo("Set the project up");
        assertThat(checkout.commit().author()).isEqualTo(new Pipeline.Person(null, null));
    }

    @Test
    void branch_or_tag_comes_from_the_ref_where_nothing_names_it() throws IOException {
        assertThat(parameters("{\"git\":{\"branch\":\"\",\"ref\":\"refs/heads/feature/a\"}}")
                        .branch())
                .isEqualTo("feature/a");
        assertThat(parameters("{\"git\":{\"ref\":\"refs/tags/v1.0\"}}").tag()).isEqualTo("v1.0");
        assertThat(parameters("{\"git\":{\"ref\":\"refs/tags/v1.0\"}}").branch())
                .isNull();
        assertThat(parameters("{\"github_app\":{\"full_ref\":\"refs/heads/main\"}}")
                        .branch())
                .isEqualTo("main");
    }

    @Test
    void parameters_of_any_shape_are_read_without_complaint() throws IOException {
        for (String json :
                new String[] {"{}", "[]", "7", "\"x\"", "{\"git\":[],\"gitlab\":null}", "{\"git\":{\"branch\":{}}}"}) {
            assertThat(parameters(json).branch()).as(json).isNull();
            assertThat(parameters(json).revision()).as(json).isNull();
        }
        assertThat(new TriggerParameters(null).vcs().commit().subject()).isNull();
    }

    private static Pipeline.Vcs parameters(String json) throws IOException {
        return new TriggerParameters(Json.CIRCLECI.readTree(json)).vcs();
    }

    private static Pipeline.Vcs checkout(String payload) throws IOException {
        return Json.CIRCLECI
                .readValue(Payloads.webhook(payload), Webhook.class)
                .pipeline()
                .checkout();
    }
}
