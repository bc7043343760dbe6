package dev.treering.event;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class ProjectSlugTest {

    @ParameterizedTest
    @CsvSource({
        "github/acme/web, gh/acme/web, gh/acme",
        "gh/acme/web, gh/acme/web, gh/acme",
        "bitbucket/acme/shop, bb/acme/shop, bb/acme",
        "bb/acme/shop, bb/acme/shop, bb/acme",
        "circleci/AcmeOrg/AcmeApp, circleci/AcmeOrg/AcmeApp, circleci/AcmeOrg",
        "githubber/acme/web, githubber/acme/web, githubber/acme"
    })
    void slug_of_any_spelling_takes_the_short_form(String spelled, String value, String organization) {
        // When
        ProjectSlug slug = new ProjectSlug(spelled);

        // Then
        assertThat(slug.value()).isEqualTo(value);
        assertThat(slug.organization()).isEqualTo(organization);
        assertThat(slug).hasToString(value).isEqualTo(new ProjectSlug(value));
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(strings = {"web", "acme/web", "gh/acme/", "gh//web", "/acme/web", "gh/acme/web/2"})
    void slug_without_three_parts_is_refused(String spelled) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ProjectSlug(spelled))
                .withMessageContaining("three parts");
    }
}
