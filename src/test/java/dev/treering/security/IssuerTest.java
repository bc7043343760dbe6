package dev.treering.security;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.RSAPublicKey;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;

import jakarta.inject.Inject;

import com.sun.net.httpserver.HttpServer;
import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.TestStores;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.jwt.build.Jwt;
import io.smallrye.jwt.build.JwtClaimsBuilder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;

/** Tokens of an OpenID Connect issuer, by configuration alone. */
@FlowTest
@TestProfile(IssuerTest.WithIssuer.class)
class IssuerTest {

    private static final KeyPair KEYS = keys();
    private static final KeyPair OTHER_KEYS = keys();
    private static HttpServer issuer;

    @Inject
    Database database;

    public static class WithIssuer implements QuarkusTestProfile {

        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("quarkus.oidc.tenant-enabled", "true", "quarkus.oidc.auth-server-url", startIssuer());
        }
    }

    @AfterAll
    static void close() {
        issuer.stop(0);
    }

    @Test
    void token_of_the_issuer_opens_what_its_scopes_allow() {
        expect(sign(claims("openid history:read")), "/api/status", 200);
        expect(sign(claims("openid history:read")), "/api/tokens", 403);
        expect(sign(claims("admin")), "/api/tokens", 200);
        expect(sign(claims("openid")), "/api/status", 403);
    }

    @Test
    void limits_to_projects_are_kept_and_one_that_cannot_be_read_is_not_taken_for_none() {
        List<String> one = List.of(UUID.randomUUID().toString());
        expect(sign(claims("history:read").claim("treering_projects", one)), "/api/status", 403);
        expect(sign(claims("history:read").claim("treering_projects", List.of("web"))), "/api/status", 401);
        expect(sign(claims("history:read").claim("treering_projects", "all")), "/api/status", 401);
    }

    @Test
    void scopes_may_come_as_a_list() {
        JwtClaimsBuilder claims = claims("openid").claim("scope", List.of("openid", "history:read"));
        expect(sign(claims), "/api/status", 200);
        expect(sign(claims), "/api/tokens", 403);
    }

    @Test
    void limited_token_reads_its_project_and_knows_of_no_other() {
        UUID own = UUID.randomUUID();
        for (UUID id : List.of(own, UUID.randomUUID())) {
            database.change("insert into project (id, identity_stamp, slug) values (?, '1', ?)", id, "gh/issued/" + id);
            String token = sign(claims("history:read").claim("treering_projects", List.of(own.toString())));
            expect(token, "/api/v2/project/gh/issued/" + id, id.equals(own) ? 200 : 404);
        }
    }

    @Test
    void limited_token_is_no_admin_so_that_it_cannot_make_one_without_limits() {
        List<String> one = List.of(UUID.randomUUID().toString());
        expect(sign(claims("admin").claim("treering_projects", one)), "/api/tokens", 401);
    }

    @Test
    void token_that_names_nobody_or_no_audience_is_refused() {
        expect(sign(Jwt.issuer(address()).audience("treering").claim("scope", "admin")), "/api/v2/me", 401);
        expect(sign(Jwt.issuer(address()).subject("somebody").claim("scope", "admin")), "/api/status", 401);
    }

    @Test
    void token_that_proves_nothing_is_refused() {
        expect(sign(claims("admin").expiresAt(1)), "/api/status", 401);
        expect(sign(claims("admin").audience("somebody-else")), "/api/status", 401);
        expect(sign(claims("admin").issuer("https://elsewhere.example.org")), "/api/status", 401);
        expect(claims("admin").jws().keyId("one").sign(OTHER_KEYS.getPrivate()), "/api/status", 401);
        expect(unsigned(), "/api/status", 401);
        expect(sign(claims("admin")) + "x", "/api/status", 401);
    }

    @Test
    void tokens_of_ours_go_on() {
        expect(TestStores.TOKEN, "/api/tokens", 200);
        expect("nonsense", "/api/tokens", 401);
        given().get("/api/tokens").then().statusCode(401);
    }

    private static void expect(String token, String path, int status) {
        given().header("Authorization", "Bearer " + token).get(path).then().statusCode(status);
    }

    private static JwtClaimsBuilder claims(String scope) {
        return Jwt.issuer(address())
                .audience("treering")
                .subject("somebody")
                .claim("scope", scope)
                .expiresIn(300);
    }

    private static String sign(JwtClaimsBuilder claims) {
        return claims.jws().keyId("one").sign(KEYS.getPrivate());
    }

    private static String unsigned() {
        Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
        String payload = sign(claims("admin")).split("\\.")[1];
        return base64.encodeToString("{\"alg\":\"none\",\"kid\":\"one\"}".getBytes(UTF_8)) + "." + payload + ".";
    }

    private static String address() {
        return "http://127.0.0.1:" + issuer.getAddress().getPort();
    }

    private static String startIssuer() {
        try {
            issuer = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        RSAPublicKey key = (RSAPublicKey) KEYS.getPublic();
        answer("/.well-known/openid-configuration", """
                {"issuer": "%1$s", "jwks_uri": "%1$s/jwks", "token_endpoint": "%1$s/token",
                 "authorization_endpoint": "%1$s/authorize"}""".formatted(address()));
        answer("/jwks", """
                {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one", "n": "%s", "e": "%s"}]}""".formatted(
                        number(key.getModulus().toByteArray()),
                        number(key.getPublicExponent().toByteArray())));
        issuer.start();
        return address();
    }

    private static void answer(String path, String json) {
        issuer.createContext(path, exchange -> {
            byte[] body = json.getBytes(UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
    }

    private static String number(byte[] signed) {
        int sign = signed[0] == 0 ? 1 : 0;
        byte[] number = java.util.Arrays.copyOfRange(signed, sign, signed.length);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(number);
    }

    private static KeyPair keys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
