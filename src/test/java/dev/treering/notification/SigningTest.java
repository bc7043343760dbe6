package dev.treering.notification;

import java.util.Base64;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class SigningTest {

    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final String ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    private static final String BODY = "{\"test\": 2432232314}";

    @Test
    void the_specifications_own_example_has_its_signature() {
        assertThat(Signing.sign(List.of(SECRET), ID, 1_614_265_330L, BODY))
                .isEqualTo("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    @Test
    void while_two_secrets_sign_either_verifies() {
        String other = Signing.newSecret();
        assertThat(Signing.sign(List.of(other, SECRET), ID, 1_614_265_330L, BODY)
                        .split(" "))
                .hasSize(2)
                .contains("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    @Test
    void id_time_and_body_are_all_signed() {
        String signature = Signing.sign(List.of(SECRET), ID, 1, BODY);
        assertThat(List.of(
                        Signing.sign(List.of(SECRET), "msg_other", 1, BODY),
                        Signing.sign(List.of(SECRET), ID, 2, BODY),
                        Signing.sign(List.of(SECRET), ID, 1, BODY + " ")))
                .doesNotContain(signature);
    }

    @Test
    void a_secret_of_ours_has_256_bits_and_is_new_each_time() {
        assertThat(Signing.key(Signing.newSecret())).hasSize(32);
        assertThat(Signing.newSecret()).isNotEqualTo(Signing.newSecret());
        assertThat(SECRET).doesNotContain(Signing.id(SECRET));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_short", "whsec_%%%", "whsec_AAAA"})
    void what_is_no_secret_is_refused_without_showing_it(String secret) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Signing.key(secret))
                .withMessageContaining("24 to 64 bytes")
                .withNoCause();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Signing.key("whsec_" + Base64.getEncoder().encodeToString(new byte[65])));
    }
}
