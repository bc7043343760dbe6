package dev.treering.api;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import jakarta.inject.Inject;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.TestStores;
import dev.treering.security.Scope;
import dev.treering.security.Tokens;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.nullValue;

/** What goes on to CircleCI, and what never does. */
@FlowTest
@TestProfile(ForwardTest.On.class)
class ForwardTest {

    private static final String CALLERS = "the-callers-own-circleci-token";
    private static final BlockingQueue<Call> CALLS = new LinkedBlockingQueue<>();
    private static volatile CompletableFuture<Void> mayAnswer = CompletableFuture.completedFuture(null);
    private static HttpServer circleCi;

    @Inject
    Tokens tokens;

    @Inject
    Database database;

    private record Call(String request, Headers headers, String body) {}

    public static class On implements QuarkusTestProfile {

        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "treering.forward.enabled", "true",
                    "treering.forward.max-concurrent", "1",
                    "treering.circleci.url", startCircleCi());
        }
    }

    private static String startCircleCi() {
        try {
            circleCi = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        circleCi.createContext("/", ForwardTest::answer);
        circleCi.start();
        return "http://127.0.0.1:%d/api/v2".formatted(circleCi.getAddress().getPort());
    }

    private static void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            // Not what the service asks for itself meanwhile.
            if (CALLERS.equals(exchange.getRequestHeaders().getFirst("Circle-Token"))) {
                CALLS.add(new Call(
                        exchange.getRequestMethod() + " " + exchange.getRequestURI(),
                        exchange.getRequestHeaders(),
                        new String(exchange.getRequestBody().readAllBytes(), UTF_8)));
                mayAnswer.join();
            }
            byte[] body = "{\"message\":\"From CircleCI\"}".getBytes(UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json;charset=utf-8");
            exchange.getResponseHeaders().add("Retry-After", "7");
            exchange.getResponseHeaders().add("X-RateLimit-Remaining", "3");
            exchange.getResponseHeaders().add("Set-Cookie", "session=1");
            exchange.getResponseHeaders().add("Location", "https://elsewhere.example/");
            exchange.sendResponseHeaders(exchange.getRequestURI().getPath().contains("moved") ? 302 : 429, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    @BeforeEach
    void forget() {
        CALLS.clear();
    }

    @AfterAll
    static void close() {
        circleCi.stop(0);
    }

    private static RequestSpecification asked() {
        return given().urlEncodingEnabled(false)
                .header("Authorization", "Bearer " + TestStores.TOKEN)
                .header("Circle-Token", CALLERS)
                .header("Cookie", "a=b")
                .header("X-Forwarded-For", "10.0.0.1");
    }

    private static Call call() throws InterruptedException {
        return CALLS.poll(5, TimeUnit.SECONDS);
    }

    @Test
    void aWrite_goesOnWithTheCallersOwnToken_andTheAnswerComesBack() throws InterruptedException {
        // When
        asked().contentType("application/json")
                .body("{\"branch\":\"main\"}")
                .post("/api/v2/project/github%2Facme%2Fweb/pipeline?a=b%26c&circle-token=x")
                .then()
                .statusCode(429)
                .contentType("application/json")
                .header("Retry-After", "7")
                .header("X-RateLimit-Remaining", "3")
                .header("Set-Cookie", nullValue())
                .header("Location", nullValue())
                .body("message", equalTo("From CircleCI"));
        // Then
        Call call = call();
        assertThat(call.request).isEqualTo("POST /api/v2/project/github/acme/web/pipeline?a=b%26c");
        assertThat(call.body).isEqualTo("{\"branch\":\"main\"}");
        assertThat(call.headers.keySet())
                .containsExactlyInAnyOrder(
                        "Accept", "Circle-token", "Content-length", "Content-type", "Host", "User-agent");
        assertThat(call.headers.values().toString()).doesNotContain(TestStores.TOKEN);
    }

    @Test
    void everyOperationOfTheList_goesOn() throws InterruptedException {
        for (Forwarding.Operation operation : Forwarding.OPERATIONS) {
            // When
            ask(operation, asked()).then().statusCode(429);

            // Then
            assertThat(call().request()).isEqualTo(operation.method() + " " + path(operation));
        }
    }

    @Test
    void noOperationOfTheList_goesOnForACallerOfAnotherProject() throws Exception {
        String limited = token(Set.of(UUID.randomUUID()));
        for (Forwarding.Operation operation : Forwarding.OPERATIONS) {
            RequestSpecification request =
                    given().header("Authorization", "Bearer " + limited).header("Circle-Token", CALLERS);
            assertThat(ask(operation, request).statusCode())
                    .as(operation.toString())
                    .isEqualTo(403);
        }
        assertThat(CALLS).isEmpty();
    }

    private static String path(Forwarding.Operation operation) {
        return "/api/v2"
                + operation.template().replace("{project-slug}", "gh/acme/web").replaceAll("\\{[^}]+}", "some");
    }

    private static Response ask(Forwarding.Operation operation, RequestSpecification request) {
        if (operation.method().matches("POST|PUT|PATCH")) {
            request.contentType("application/json").body("{}");
        }
        return request.request(operation.method(), path(operation));
    }

    @Test
    void aRedirect_isNotFollowed() throws InterruptedException {
        asked().redirects().follow(false).get("/api/v2/context/moved").then().statusCode(302);

        assertThat(call()).isNotNull();
        assertThat(CALLS).isEmpty();
    }

    @Test
    void aTreeringToken_neverGoes() throws Exception {
        String given = token(null);
        String path = "/api/v2/schedule/" + UUID.randomUUID();

        for (RequestSpecification request : List.of(
                given().header("Circle-Token", TestStores.TOKEN),
                given().header("Circle-Token", given),
                given().header("Authorization", "Bearer " + given),
                given().header("Authorization", "Bearer " + given).header("Circle-Token", ""),
                given().header("Authorization", "Bearer " + given).header("Circle-Token", given),
                given().header("Authorization", "Bearer " + TestStores.TOKEN).header("Circle-Token", given),
                given().header("Authorization", "Bearer " + given).header("Circle-Token", TestStores.TOKEN),
                // Sent twice, both stand in one text.
                given().header("Authorization", "Bearer " + given)
                        .header("Circle-Token", CALLERS)
                        .header("Circle-Token", token(null)),
                given().header("Authorization", "Bearer " + given)
                        .header("Circle-Token", CALLERS + "," + token(null)))) {
            request.get(path)
                    .then()
                    .statusCode(400)
                    .body("message", containsString("CircleCI's token as Circle-Token"));
        }
        given().header("Circle-Token", CALLERS).get(path).then().statusCode(401);
        given().header("Authorization", "Bearer wrong")
                .header("Circle-Token", CALLERS)
                .get(path)
                .then()
                .statusCode(401);
        assertThat(CALLS).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v2/admin",
                "/api/v2/context/a/b",
                "/api/v2/context//",
                "/api/v2/context/%2E%2E",
                "/api/v2/context/a%0Ab",
                "/api/v2/project/gh/acme/web/envvar/..%2F..%2Fother%2Fenvvar%2FX",
                "/api/v2/project/gh/acme/web/envvar/a%2F..",
                "/api/v2/project/gh/acme/web/envvar/a%5C..%5Cb",
                "/api/v2-forwarded/../v1/me",
                "/api/v2-forwarded/me",
                "/api/v2-forwarded/http://elsewhere.example/context"
            })
    void whatIsNotOnTheList_isNotFound(String path) {
        asked().get(path).then().statusCode(404);

        assertThat(CALLS).isEmpty();
    }

    @Test
    void aPartOfAPath_staysOnePart() throws InterruptedException {
        asked().get("/api/v2/project/gh/acme/web/checkout-key/SHA256%3Aa%2Fb+c%20d%3Fe")
                .then()
                .statusCode(429);

        assertThat(call().request).isEqualTo("GET /api/v2/project/gh/acme/web/checkout-key/SHA256%3Aa%2Fb%2Bc%20d%3Fe");
    }

    @Test
    void aBodyThatIsNotJson_isRefused() {
        asked().contentType("text/plain")
                .body("hello")
                .post("/api/v2/webhook")
                .then()
                .statusCode(415);

        assertThat(CALLS).isEmpty();
    }

    @Test
    void aCallerForSomeProjects_asksAboutTheseAlone() throws Exception {
        // Given
        UUID project = UUID.randomUUID();
        String slug = "gh/acme/own-" + project;
        database.change("insert into project (id, identity_stamp, slug) values (?, '1', ?)", project, slug);
        String limited = token(Set.of(project));
        // When
        for (String path : List.of(
                "/context", "/project/gh/acme/other-" + project + "/envvar", "/insights/" + slug + "/flaky-tests")) {
            ask(limited, path).then().statusCode(403);
        }
        assertThat(CALLS).isEmpty();
        // Then
        ask(limited, "/project/" + slug + "/envvar").then().statusCode(429);
        assertThat(call().request).isEqualTo("GET /api/v2/project/" + slug + "/envvar");
    }

    @Test
    void moreAtATimeThanIsSet_areToldToComeBack() throws InterruptedException {
        // Given
        mayAnswer = new CompletableFuture<>();
        CompletableFuture<Response> first = CompletableFuture.supplyAsync(() -> asked().get("/api/v2/context"));
        assertThat(call()).isNotNull();
        // When
        Response second = asked().get("/api/v2/context");
        mayAnswer.complete(null);
        // Then
        second.then().statusCode(503).header("Retry-After", "5");
        first.join().then().statusCode(429);
        asked().get("/api/v2/context").then().statusCode(429);
    }

    private String token(Set<UUID> projects) throws Exception {
        return tokens.create("test", List.of(Scope.HISTORY_READ), projects, null, "test")
                .text();
    }

    private static Response ask(String token, String path) {
        return given().header("Authorization", "Bearer " + token)
                .header("Circle-Token", CALLERS)
                .get("/api/v2" + path);
    }
}
