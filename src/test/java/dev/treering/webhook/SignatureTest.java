package dev.treering.webhook;

import java.util.List;
import java.util.Locale;
import java.util.Random;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

class SignatureTest {

    private static final String V1 = "734cc62f32841568f45715aeb9f4d7891324e6d948e4c6c60c0621cdac48623a";

    @ParameterizedTest
    @CsvSource({
        "hello world, secret, 734cc62f32841568f45715aeb9f4d7891324e6d948e4c6c60c0621cdac48623a",
        "lalala, another-secret, daa220016c8f29a8b214fbfc3671aeec2145cfb1e6790184ffb38b6d0425fa00",
        "an-important-request-payload, hunter123, 9be2242094a9a8c00c64306f382a7f9d691de910b4a266f67bd314ef18ac49fa",
        "foo, secret, 773ba44693c7553d6ee20f61ea5d2757a9a4f4a44d2841ae4e95b52e4cd62db4"
    })
    void signature_of_an_official_example_verifies(String body, String secret, String v1) {
        // Given
        Endpoint endpoint = Endpoint.of("default", List.of("retired", secret));

        // When
        var signer = Signature.parse("v1=" + v1).flatMap(it -> endpoint.verify(body.getBytes(UTF_8), it));

        // Then
        assertThat(signer).map(Secret::id).contains(new Secret(secret).id());
        assertThat(endpoint.verify(
                        (body + " ").getBytes(UTF_8),
                        Signature.parse("v1=" + v1).orElseThrow()))
                .isEmpty();
    }

    static List<String> refused() {
        return List.of(
                "",
                ",",
                "=",
                "v1",
                "v1=",
                "=" + V1,
                V1,
                "v2=" + V1,
                "v0=" + V1 + ",v2=" + V1,
                "v1=" + V1 + ",v1=" + V1,
                "v1=" + V1 + ",v1=",
                "V1=" + V1,
                "v1=" + V1.toUpperCase(Locale.ROOT),
                "v1=" + V1.substring(1),
                "v1=" + V1 + "0",
                "v1=" + V1.replace('7', 'g'),
                "v1=" + V1.replace('7', '\u0667'),
                "v1==" + V1,
                "v1=" + V1 + ",",
                "v1=" + V1 + ",v2",
                ",".repeat(10_000),
                "v2=0,".repeat(16) + "v1=" + V1,
                "v2=" + "0".repeat(2_048) + ",v1=" + V1);
    }

    @ParameterizedTest
    @MethodSource("refused")
    @Tag("F10")
    void header_without_exactly_one_well_formed_v1_is_refused(String header) {
        assertThat(Signature.parse(header)).isEmpty();
    }

    @Test
    @Tag("F10")
    void missing_header_is_refused() {
        assertThat(Signature.parse(null)).isEmpty();
    }

    @Test
    @Tag("F10")
    void header_changed_at_random_verifies_only_where_it_still_holds_the_one_v1() {
        // Given
        Random random = new Random(Long.getLong("treering.seed", 10));
        Endpoint endpoint = Endpoint.of("default", List.of("secret"));
        String good = "v2=0a1b,v1=" + V1;
        String letters = "v12=,0a7fF \u0667\0";

        for (int i = 0; i < 100_000; i++) {
            // When
            StringBuilder header = new StringBuilder(good);
            for (int change = random.nextInt(4); change >= 0 && !header.isEmpty(); change--) {
                int at = random.nextInt(header.length());
                char letter = letters.charAt(random.nextInt(letters.length()));
                switch (random.nextInt(4)) {
                    case 0 -> header.setCharAt(at, letter);
                    case 1 -> header.insert(at, letter);
                    case 2 -> header.deleteCharAt(at);
                    default -> header.setLength(Math.max(1, at));
                }
            }
            boolean verifies = Signature.parse(header.toString())
                    .flatMap(v1 -> endpoint.verify("hello world".getBytes(UTF_8), v1))
                    .isPresent();

            // Then
            if (verifies) {
                assertThat(header).matches(".*\\bv1\\s*=\\s*" + V1 + "\\s*(,.*)?");
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"v1=%s", "' v1=%s '", "'v2=abc, v1=%s'", "v1 = %s", "v2=a=b==,v1=%s", "v1=%s,v3==,v4="})
    void unknown_versions_and_spaces_do_not_hide_the_v1(String header) {
        assertThat(Signature.parse(header.formatted(V1))).isPresent();
    }

    @Test
    void secret_shows_itself_in_no_text() {
        // Given
        Secret secret = new Secret("hunter123");

        // Then
        assertThat(secret.toString() + Endpoint.of("x", List.of("hunter123"))).doesNotContain("hunter123");
        assertThat(secret.id()).matches("[0-9a-f]{8}").isEqualTo(new Secret("hunter123").id());
    }
}
