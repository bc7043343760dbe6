package dev.treering.support;

import java.time.Instant;
import java.util.UUID;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class PageTokenTest {

    private static final PageToken TOKEN =
            new PageToken(Instant.parse("2026-03-02T09:15:02.118391Z"), UUID.randomUUID(), -7);

    @Test
    void token_comes_back_as_it_went() {
        assertThat(PageToken.decode(TOKEN.encode(), -7)).isEqualTo(TOKEN);
        assertThat(TOKEN.encode()).matches("[A-Za-z0-9_-]+");
    }

    @Test
    void no_token_is_the_first_page() {
        assertThat(PageToken.decode(null, 1)).isNull();
        assertThat(PageToken.decode(" ", 1)).isNull();
    }

    @Test
    void token_of_other_filters_is_refused() {
        assertThatExceptionOfType(Problem.class)
                .isThrownBy(() -> PageToken.decode(TOKEN.encode(), 7))
                .withMessageContaining("other filters")
                .returns(400, Problem::status);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "AAAA", "!!!", "f_________8AAAAAAAAAAAAAAAAAAAAA", "ä", "' or 1=1"})
    void token_that_we_never_gave_is_refused(String token) {
        assertThatExceptionOfType(Problem.class)
                .isThrownBy(() -> PageToken.decode(token, 0))
                .returns(400, Problem::status);
    }

    @Test
    void token_reaches_as_far_as_times_do() {
        // Given
        PageToken far = new PageToken(Instant.parse("9999-12-31T23:59:59.999999Z"), UUID.randomUUID(), 0);

        // Then
        assertThat(PageToken.decode(far.encode(), 0)).isEqualTo(far);
    }
}
