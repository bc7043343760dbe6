package dev.treering.security;

import java.util.Base64;

import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

class PresentedTokenTest {

    @Test
    void bearer_isTheToken_whateverTheSpellingOfTheScheme() {
        assertThat(PresentedToken.ofAuthorization("Bearer s3cret")).contains("s3cret");
        assertThat(PresentedToken.ofAuthorization("bearer  s3cret ")).contains("s3cret");
    }

    @Test
    void basic_isTheUserName_whenThePasswordIsEmpty() {
        assertThat(PresentedToken.ofAuthorization(basic("s3cret:"))).contains("s3cret");
    }

    @Test
    void basic_isAWrongToken_whenThereIsAPasswordOrNoPair() {
        assertThat(PresentedToken.ofAuthorization(basic("s3cret:more"))).contains("");
        assertThat(PresentedToken.ofAuthorization(basic("s3cret"))).contains("");
        assertThat(PresentedToken.ofAuthorization("Basic %%%")).contains("");
    }

    @Test
    void anotherScheme_isNoToken() {
        assertThat(PresentedToken.ofAuthorization("Digest s3cret")).isEmpty();
        assertThat(PresentedToken.ofAuthorization("")).isEmpty();
    }

    private static String basic(String pair) {
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(UTF_8));
    }
}
