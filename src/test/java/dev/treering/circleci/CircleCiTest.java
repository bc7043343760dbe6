package dev.treering.circleci;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.sql.DataSource;

import jakarta.inject.Inject;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.treering.FlowTest;
import dev.treering.circleci.CircleCiException.Kind;
import dev.treering.circleci.RawServer.Answer;
import dev.treering.event.Pipeline;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.configuration.ConfigurationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/** What may come back when CircleCI is asked, and what that leads to. */
@FlowTest
class CircleCiTest {

    private static final UUID ID = UUID.fromString("5034460f-c7c4-4c43-9457-de07e2029e7b");
    private static final String WORKFLOW = "{\"id\":\"%s\",\"status\":\"success\"}".formatted(ID);

    @Inject
    DataSource database;

    // Of this test alone, and so is its row of the budget.
    private final String token = "token-" + UUID.randomUUID();

    private final StringBuffer logged = new StringBuffer();
    private final Handler listener = new Handler() {
        @Override
        public void publish(LogRecord line) {
            logged.append(line.getMessage())
                    .append(' ')
                    .append(line.getThrown())
                    .append('\n');
            logged.append(Arrays.toString(line.getParameters())).append('\n');
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        Logger.getLogger("").addHandler(listener);
    }

    @AfterEach
    void the_token_is_never_logged() {
        Logger.getLogger("").removeHandler(listener);
        assertThat(logged.toString()).doesNotContain(token);
    }

    private CircleCi circleCi(URI url, String... settings) {
        return circleCi(url, Clock.systemUTC(), settings);
    }

    private CircleCi circleCi(URI url, Clock clock, String... settings) {
        String[] usual = {"deadline", "2s", "breaker-pause", "500ms"};
        String[] all = Stream.of(usual, settings).flatMap(Stream::of).toArray(String[]::new);
        return CircleCis.asking(url, token, database, new SimpleMeterRegistry(), clock, all);
    }

    private interface Call {
        Object make() throws CircleCiException;
    }

    private static CircleCiException failure(Call call) {
        try {
            throw new AssertionError("answered " + call.make());
        } catch (CircleCiException e) {
            return e;
        }
    }

    @Tag("F34")
    @ParameterizedTest
    @ValueSource(ints = {401, 403})
    void aRejectedToken_isTriedOnceAndSaid(int status) throws Exception {
        try (RawServer server = new RawServer(RawServer.of(status, "{\"message\":\"You must log in first.\"}"))) {
            CircleCi circleCi = circleCi(server.url());
            // When
            assertThat(failure(() -> circleCi.workflow(ID)).kind()).isEqualTo(Kind.REJECTED);
            for (int i = 0; i < 20; i++) {
                assertThat(failure(() -> circleCi.workflow(ID)).kind()).isEqualTo(Kind.LIMITED);
            }
            // Then
            assertThat(server.calls()).isOne();
            assertThat(circleCi.problem()).isEqualTo("token rejected");
            assertThat(circleCi.mayAsk()).isFalse();
            // and an instance that starts now does not try it either
            assertThat(circleCi(server.url()).mayAsk()).isFalse();
            // and the log says it once
            assertThat(logged.toString().split("token rejected", -1)).hasSize(2);
        }
    }

    @Tag("F34")
    @Test
    void aProjectThatTheTokenMayNotSee_doesNotSilenceTheOthersForEver() throws Exception {
        UUID forbidden = UUID.randomUUID();
        Answer answer = (path, socket, out) -> out.write(
                path.endsWith(forbidden.toString()) ? RawServer.bytes(403, "{}") : RawServer.bytes(200, WORKFLOW));
        try (RawServer server = new RawServer(answer)) {
            CircleCi circleCi = circleCi(server.url(), "rejected-pause", "200ms");
            // Given it was taken for the token's fault once, and others could be read after the pause
            assertThat(failure(() -> circleCi.workflow(forbidden)).kind()).isEqualTo(Kind.REJECTED);
            await().until(circleCi::mayAsk);
            circleCi.workflow(ID);
            assertThat(circleCi.problem()).isNull();
            // Then it is that project's fault from now on
            assertThat(failure(() -> circleCi.workflow(forbidden)).kind()).isEqualTo(Kind.NOT_FOUND);
            assertThat(circleCi.mayAsk()).isTrue();
        }
    }

    @Tag("F35")
    @Test
    void whatIsNotThere_isNotFound() throws Exception {
        try (RawServer server = new RawServer(RawServer.of(404, "{\"message\":\"Workflow not found\"}"))) {
            assertThat(failure(() -> circleCi(server.url()).workflow(ID)).kind())
                    .isEqualTo(Kind.NOT_FOUND);
        }
    }

    @Tag("F36")
    @Test
    void inAForbiddenWindow_noInstanceCalls() throws Exception {
        // Given three instances with one token, and a server that forbids a second after each tenth call
        List<Long> forbidden = new CopyOnWriteArrayList<>();
        AtomicInteger calls = new AtomicInteger();
        AtomicInteger early = new AtomicInteger();
        AtomicInteger underWay = new AtomicInteger();
        AtomicInteger mostAtOnce = new AtomicInteger();
        Answer answer = (path, socket, out) -> {
            mostAtOnce.accumulateAndGet(underWay.incrementAndGet(), Math::max);
            if (forbidden.stream().anyMatch(until -> System.nanoTime() < until)) {
                early.incrementAndGet();
            }
            // As long as an answer of CircleCI takes at least.
            Thread.sleep(5);
            boolean limited = calls.incrementAndGet() % 10 == 0;
            // Before the answer is out: after that the next call may come at once.
            underWay.decrementAndGet();
            if (limited) {
                out.write(RawServer.bytes(429, "Rate limited.", "Retry-After: 1"));
                forbidden.add(System.nanoTime() + Duration.ofSeconds(1).toNanos());
            } else {
                out.write(RawServer.bytes(200, WORKFLOW));
            }
        };
        try (RawServer server = new RawServer(answer)) {
            List<CircleCi> instances = IntStream.range(0, 3)
                    .mapToObj(i -> circleCi(server.url(), "deadline", "300ms", "lease", "600ms"))
                    .toList();
            // When all of them ask whenever they may
            long end = System.nanoTime() + Duration.ofSeconds(4).toNanos();
            CompletableFuture<?>[] all = instances.stream()
                    .map(circleCi -> CompletableFuture.runAsync(() -> askUntil(end, circleCi)))
                    .toArray(CompletableFuture[]::new);
            CompletableFuture.allOf(all).get();
            // Then
            assertThat(early).hasValue(0);
            assertThat(forbidden).hasSizeGreaterThanOrEqualTo(2);
            assertThat(mostAtOnce).hasValue(1);
        }
    }

    private static void askUntil(long end, CircleCi circleCi) {
        while (System.nanoTime() < end) {
            try {
                if (circleCi.mayAsk()) {
                    circleCi.workflow(ID);
                }
            } catch (CircleCiException limited) {
                assertThat(limited.kind()).isEqualTo(Kind.LIMITED);
            } catch (SQLException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Tag("F36")
    @Test
    void aWindowThatIsUsedUp_isWaitedForWithoutBeingTold() throws Exception {
        Answer usedUp = RawServer.of(200, WORKFLOW, "RateLimit-Remaining: 0", "RateLimit-Reset: 1");
        try (RawServer server = new RawServer(usedUp)) {
            CircleCi circleCi = circleCi(server.url());
            circleCi.workflow(ID);
            assertThat(circleCi.mayAsk()).isFalse();
            // It is no trouble that anybody should be told of
            assertThat(circleCi.problem()).isNull();
            await().until(circleCi::mayAsk);
        }
    }

    private enum Fault implements Answer {
        SERVER_ERROR(RawServer.of(500, "{\"message\":\"Internal server error\"}")),
        BAD_GATEWAY(RawServer.of(502, "<html>")),
        UNAVAILABLE(RawServer.of(503, "")),
        GATEWAY_TIMEOUT(RawServer.of(504, "")),
        EMPTY((path, socket, out) -> socket.close()),
        RANDOM((path, socket, out) ->
                out.write("lskdu018973t09sylgasjkfg1][]'./.sdlv".getBytes(StandardCharsets.UTF_8))),
        BAD_CHUNK(
                (path, socket, out) -> out.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n"
                        .getBytes(StandardCharsets.UTF_8))),
        HALF((path, socket, out) ->
                out.write("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"id\":".getBytes(StandardCharsets.UTF_8))),
        RESET((path, socket, out) -> reset(socket));

        private final Answer answer;

        Fault(Answer answer) {
            this.answer = answer;
        }

        private static void reset(Socket socket) throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }

        @Override
        public void to(String path, Socket socket, OutputStream out) throws IOException, InterruptedException {
            answer.to(path, socket, out);
        }
    }

    @Tag("F37")
    @ParameterizedTest
    @EnumSource(Fault.class)
    void aBrokenAnswer_isTimesFaultAndOpensTheBreaker(Fault fault) throws Exception {
        try (RawServer server = new RawServer(fault)) {
            CircleCi circleCi = circleCi(server.url());
            // When
            for (int i = 0; i < 5; i++) {
                assertThat(failure(() -> circleCi.workflow(ID)).kind()).isEqualTo(Kind.UNAVAILABLE);
            }
            // Then nobody asks for a while
            assertThat(failure(() -> circleCi.workflow(ID)).kind()).isEqualTo(Kind.LIMITED);
            // The client of the JDK repeats a GET by itself where a connection ended without a byte.
            assertThat(server.calls()).isBetween(5, 10);
            assertThat(circleCi.problem()).isNotBlank().doesNotContain(token);
            // and after that one call finds out, and one more that fails makes the wait longer
            await().until(circleCi::mayAsk);
            assertThat(failure(() -> circleCi.workflow(ID)).kind()).isEqualTo(Kind.UNAVAILABLE);
            assertThat(failure(() -> circleCi.workflow(ID)).kind()).isEqualTo(Kind.LIMITED);
            server.answer(RawServer.of(200, WORKFLOW));
            await().until(circleCi::mayAsk);
            assertThat(circleCi.workflow(ID).value().id()).isEqualTo(ID);
            assertThat(circleCi.problem()).isNull();
        }
    }

    @Tag("F40")
    @Test
    void aDayWithoutAnAnswer_costsFewCalls() throws Exception {
        // Given a clock that we turn, ours and the database's for this token
        AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
        InstantSource source = now::get;
        try (RawServer server = new RawServer(RawServer.of(503, ""))) {
            CircleCi circleCi = circleCi(server.url(), source.withZone(ZoneOffset.UTC), "breaker-pause", "10s");
            // When somebody wants to ask all day
            for (int minute = 0; minute < 24 * 60; minute++) {
                if (circleCi.mayAsk()) {
                    failure(() -> circleCi.workflow(ID));
                }
                now.updateAndGet(instant -> instant.plusSeconds(60));
                try (var connection = database.getConnection();
                        var statement = connection.prepareStatement(
                                "update api_budget set paused_until = paused_until - interval '1 minute' where problem like '%503'"
                                        + " and paused_until > now() - interval '1 hour' and leased_until is not null")) {
                    statement.executeUpdate();
                }
            }
            // Then one call every five minutes finds out
            assertThat(server.calls()).isBetween(200, 300);
        }
    }

    @Tag("F38")
    @Test
    void aServerThatDribbles_isCut() throws Exception {
        CountDownLatch cut = new CountDownLatch(1);
        Answer dribble = (path, socket, out) -> {
            out.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".getBytes(StandardCharsets.UTF_8));
            try {
                for (int i = 0; i < 999; i++) {
                    out.write(' ');
                    out.flush();
                    Thread.sleep(20);
                }
            } catch (IOException closed) {
                cut.countDown();
            }
        };
        try (RawServer server = new RawServer(dribble)) {
            CircleCi circleCi = circleCi(server.url(), "deadline", "500ms");
            long begin = System.nanoTime();
            CircleCiException e = failure(() -> circleCi.workflow(ID));
            assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
            // The connection is not left open behind it
            assertThat(cut.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Tag("F38")
    @Test
    void aServerThatSaysNothing_isCut() throws Exception {
        try (RawServer server = new RawServer((path, socket, out) -> Thread.sleep(10_000))) {
            long begin = System.nanoTime();
            assertThat(failure(() -> circleCi(server.url(), "deadline", "300ms").workflow(ID))
                            .kind())
                    .isEqualTo(Kind.UNAVAILABLE);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
        }
    }

    @Tag("F39")
    @Test
    void anEndlessBody_isCutAtItsLimit() throws Exception {
        Answer endless = (path, socket, out) -> {
            out.write("HTTP/1.1 200 OK\r\n\r\n[".getBytes(StandardCharsets.UTF_8));
            byte[] more = " ".repeat(100_000).getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < 2_000; i++) {
                out.write(more);
            }
        };
        try (RawServer server = new RawServer(endless)) {
            CircleCiException e = failure(
                    () -> circleCi(server.url(), "max-answer-size", "1M").workflow(ID));
            assertThat(e.kind()).isEqualTo(Kind.UNREADABLE);
            assertThat(e).hasMessageContaining("more than 1048576 bytes");
        }
    }

    @Tag("F39")
    @Test
    void aListThatNeverEnds_isLeft() throws Exception {
        Answer circle = RawServer.of(200, "{\"items\":[],\"next_page_token\":\"again\"}");
        try (RawServer server = new RawServer(circle)) {
            CircleCi circleCi = circleCi(server.url());
            assertThat(failure(() -> circleCi.jobs(ID))).hasMessageContaining("in a circle");
            circleCi.leaveToOthers();
            assertThat(server.calls()).isEqualTo(2);
        }
        AtomicInteger page = new AtomicInteger();
        Answer endless = (path, socket, out) -> out.write(RawServer.bytes(
                200, "{\"items\":[%s],\"next_page_token\":\"%d\"}".formatted(WORKFLOW, page.incrementAndGet())));
        try (RawServer server = new RawServer(endless)) {
            // What was read of one that is too long is kept, and the log says that it was cut
            assertThat(circleCi(server.url(), "max-pages", "7").jobs(ID).value())
                    .hasSize(7);
            assertThat(server.calls()).isEqualTo(7);
            assertThat(logged).contains("/workflow/{id}/job of [%s] has more than 7 pages".formatted(ID));
        }
    }

    @Tag("F39")
    @ParameterizedTest
    @ValueSource(
            strings = {"<html>Service is being updated</html>", "{\"id\":", "null", "[]", "", "{\"id\":\"not an id\"}"})
    void whatIsNoDocumentOfOurs_isUnreadableAndSaysWhy(String body) throws Exception {
        try (RawServer server = new RawServer(RawServer.of(200, body))) {
            CircleCiException e = failure(() -> circleCi(server.url()).workflow(ID));
            assertThat(e.kind()).isEqualTo(Kind.UNREADABLE);
            assertThat(e).hasMessageStartingWith("/workflow/{id} answered");
        }
    }

    @Tag("F39")
    @Test
    void whatIsNewOrSpeltOtherwise_isHarmless() throws Exception {
        String page = """
                {"items": [{"id": "%s", "name": null, "status": "levitating", "type": 7, "job-number": "12",
                  "started-at": "2026-11-24T10:00:00Z", "novelty": {"a": [1]}}],
                 "next-page-token": null, "more": true}""".formatted(ID);
        try (RawServer server = new RawServer(RawServer.of(200, page))) {
            var job = circleCi(server.url()).jobs(ID).value().get(0);
            assertThat(job.number()).isEqualTo(12);
            assertThat(job.status()).isEqualTo("levitating");
            assertThat(job.startedAt()).isEqualTo("2026-11-24T10:00:00Z");
        }
    }

    @Tag("F39")
    @Test
    void anItemThatCannotBeRead_doesNotTakeTheOthersAlong() throws Exception {
        String page = """
                {"items": [{"id": "odd", "created_at": "2026-11-24T10:00:00Z"}, null, 7,
                  {"id": "%s", "created_at": "yesterday"}, {"id": "%s", "created_at": "2026-11-24T10:00:00Z"}],
                 "next_page_token": "more"}""".formatted(UUID.randomUUID(), ID);
        try (RawServer server = new RawServer(RawServer.of(200, page))) {
            var read = circleCi(server.url()).pipelines("gh/acme/web", null);
            assertThat(read.items()).extracting(Pipeline::id).containsExactly(ID);
            assertThat(read.nextPageToken()).isEqualTo("more");
            assertThat(logged).contains("/project/{slug}/pipeline of [gh/acme/web]: left out 3 of 5 items");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {204, 304, 400, 405, 410, 422})
    void anyOtherStatus_isARefusalThatTimeDoesNotHeal(int status) throws Exception {
        try (RawServer server = new RawServer(RawServer.of(status, ""))) {
            assertThat(failure(() -> circleCi(server.url()).workflow(ID)).kind())
                    .isEqualTo(Kind.REFUSED);
        }
    }

    @Tag("F36")
    @Test
    void aPauseThatCouldNotBeShared_isSharedAsSoonAsTheDatabaseAnswers() throws Exception {
        AtomicBoolean away = new AtomicBoolean();
        DataSource shaky = (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    if (away.get()) {
                        throw new SQLException("away");
                    }
                    return method.invoke(database, arguments);
                });
        Answer limited = (path, socket, out) -> {
            away.set(true);
            out.write(RawServer.bytes(429, "", "Retry-After: 60"));
        };
        try (RawServer server = new RawServer(limited)) {
            // Given a limit of which the database could not be told
            CircleCi first = CircleCis.asking(server.url(), token, shaky, new SimpleMeterRegistry(), Clock.systemUTC());
            CircleCi second = circleCi(server.url());
            assertThat(failure(() -> first.workflow(ID)).kind()).isEqualTo(Kind.LIMITED);
            assertThat(second.mayAsk()).isFalse();
            assertThat(second.problem()).isNull();
            // When it is there again
            away.set(false);
            assertThat(first.mayAsk()).isFalse();
            // Then the others know
            assertThat(second.mayAsk()).isFalse();
            assertThat(second.problem()).isEqualTo("rate limited");
            assertThat(second.pausedUntil()).isAfter(Instant.now().plusSeconds(50));
        }
    }

    @Test
    void aLeaseThatACallMayOutlast_isRefused() {
        URI url = URI.create("http://127.0.0.1:1/api/v2");
        assertThatThrownBy(() -> circleCi(url, "deadline", "10s", "lease", "19s"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContainingAll("treering.circleci.lease", "treering.circleci.deadline");
        circleCi(url, "deadline", "10s", "lease", "20s");
        // and what is set when nobody sets anything fits
        CircleCis.asking(url, token, database, new SimpleMeterRegistry(), Clock.systemUTC());
    }

    @Tag("F36")
    @Test
    void aCallThatIsHandedOnWithTheSameToken_keepsItsPausesAndTellsOfItsLimits() throws Exception {
        try (RawServer server = new RawServer(RawServer.of(429, "Rate limited.", "Retry-After: 60"))) {
            CircleCi circleCi = circleCi(server.url());
            CircleCi other = circleCi(server.url());
            assertThat(circleCi.mayAsk()).isTrue();
            // With another token it is no matter of ours
            assertThat(circleCi.forward("GET", "/me", "", null, "anothers").status())
                    .isEqualTo(429);
            assertThat(circleCi.mayAsk()).isTrue();
            // When somebody hands on the one that we use
            assertThat(circleCi.forward("GET", "/me", "", null, token).status()).isEqualTo(429);
            // Then nobody asks with it, in no instance
            assertThat(circleCi.mayAsk()).isFalse();
            assertThat(circleCi.problem()).isEqualTo("rate limited");
            for (CircleCi each : List.of(circleCi, other)) {
                assertThat(failure(() -> each.forward("GET", "/me", "", null, token))
                                .kind())
                        .isEqualTo(Kind.LIMITED);
            }
            assertThat(server.calls()).isEqualTo(2);
        }
    }

    @Tag("F38")
    @Test
    void aConnectionThatIsNeverTaken_isCut() throws Exception {
        List<Socket> waiting = new ArrayList<>();
        try (ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            // Given a port at which as many wait to be let in as may
            boolean full = false;
            while (!full && waiting.size() < 20) {
                Socket socket = new Socket();
                waiting.add(socket);
                try {
                    socket.connect(deaf.getLocalSocketAddress(), 200);
                } catch (SocketTimeoutException nobodyAnswers) {
                    full = true;
                }
            }
            assertThat(full).isTrue();
            // When
            long begin = System.nanoTime();
            CircleCiException e = failure(() -> circleCi(
                            URI.create("http://127.0.0.1:%d/api/v2".formatted(deaf.getLocalPort())),
                            "connect-timeout",
                            "300ms")
                    .workflow(ID));
            // Then
            assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE);
            assertThat(e).hasMessageContaining("HttpConnectTimeoutException");
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
        } finally {
            for (Socket socket : waiting) {
                socket.close();
            }
        }
    }

    @Tag("F41")
    @ParameterizedTest
    @ValueSource(ints = {301, 302, 307, 308})
    void aRedirect_isNotFollowedAndTheTokenStaysHere(int status) throws Exception {
        try (RawServer elsewhere = new RawServer(RawServer.of(200, WORKFLOW));
                RawServer server = new RawServer(RawServer.of(status, "", "Location: " + elsewhere.url()))) {
            CircleCiException e = failure(() -> circleCi(server.url()).workflow(ID));
            assertThat(e.kind()).isEqualTo(Kind.REFUSED);
            assertThat(e).hasMessageContaining("not followed");
            assertThat(elsewhere.calls()).isZero();
        }
    }

    @Tag("F41")
    @ParameterizedTest
    @ValueSource(
            strings = {"http://no-such-host.invalid/api/v2", "https://127.0.0.1:%d/api/v2", "http://127.0.0.1:1/api/v2"
            })
    void noNameNoTrustNoPort_areToldWithoutTheToken(String url) throws Exception {
        try (RawServer server = new RawServer(RawServer.of(200, WORKFLOW))) {
            CircleCiException e = failure(() ->
                    circleCi(URI.create(url.formatted(server.url().getPort()))).workflow(ID));
            assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE);
            assertThat(e.getMessage()).doesNotContain(token).doesNotContain("127.0.0.1");
            assertThat(server.requests()).noneMatch(head -> head.contains(token));
        }
    }

    @Tag("F41")
    @ParameterizedTest
    @CsvSource({
        "ip:127.0.0.1, false, SSLHandshakeException", // nobody vouches for it
        "dns:circleci.com, true, SSLHandshakeException", // somebody does, but it is another's
        "ip:127.0.0.1, true, answered 404" // as it should be
    })
    void aCertificate_isTrustedWhereSomebodyVouchesForItAndForThisHost(
            String name, boolean vouchedFor, String told, @TempDir Path folder) throws Exception {
        // Given a server that encrypts as it should, with a certificate of its own making
        Path keys = folder.resolve("keys.p12");
        String keytool =
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        Process made = new ProcessBuilder((keytool + " -genkeypair -keyalg EC -dname CN=any -ext SAN=" + name
                                + " -storetype PKCS12 -storepass of-a-test -keystore " + keys)
                        .split(" "))
                .redirectErrorStream(true)
                .start();
        assertThat(new String(made.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .doesNotContain("rror");
        assertThat(made.waitFor()).isZero();
        char[] password = "of-a-test".toCharArray();
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        KeyStore store = KeyStore.getInstance(keys.toFile(), password);
        managers.init(store, password);
        KeyStore vouching = KeyStore.getInstance(KeyStore.getDefaultType());
        vouching.load(null);
        vouching.setCertificateEntry("it", store.getCertificate("mykey"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(vouching);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(managers.getKeyManagers(), trust.getTrustManagers(), null);
        SSLContext usual = SSLContext.getDefault();
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        AtomicInteger requests = new AtomicInteger();
        server.setHttpsConfigurator(new HttpsConfigurator(tls));
        server.createContext("/", exchange -> {
            requests.incrementAndGet();
            exchange.sendResponseHeaders(404, -1);
        });
        server.start();
        try {
            SSLContext.setDefault(vouchedFor ? tls : usual);
            URI url = URI.create(
                    "https://127.0.0.1:%d/api/v2".formatted(server.getAddress().getPort()));
            // When
            CircleCiException e = failure(() -> circleCi(url).workflow(ID));
            // Then
            assertThat(e).hasMessageContaining(told);
            assertThat(requests).hasValue(e.kind() == Kind.NOT_FOUND ? 1 : 0);
        } finally {
            SSLContext.setDefault(usual);
            server.stop(0);
        }
    }

    @Test
    void slugsAndPageTokens_areEscapedWhereTheyMustBe() throws Exception {
        try (RawServer server = new RawServer(RawServer.of(200, "{\"items\":[],\"next_page_token\":null}"))) {
            circleCi(server.url()).pipelines("gh/acme/a b%c", "x+y/z=&q");
            assertThat(server.requests().get(0))
                    .startsWith("GET /api/v2/project/gh/acme/a%20b%25c/pipeline?page-token=x%2By%2Fz%3D%26q HTTP/1.1")
                    .contains("Circle-Token: " + token);
        }
    }
}
