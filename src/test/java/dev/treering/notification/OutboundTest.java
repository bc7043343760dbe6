package dev.treering.notification;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ServerSocketFactory;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

import dev.treering.notification.Guard.Names;
import dev.treering.notification.Guard.Refused;
import dev.treering.notification.Outbound.Reply;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.net.JksOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/** The client by itself, against a server that answers byte by byte. Names are looked up as each test says. */
class OutboundTest {

    private static final Vertx VERTX = Vertx.vertx();
    private static final char[] PASSWORD = "of-a-test".toCharArray();

    private final List<String> heads = new CopyOnWriteArrayList<>();
    private final AtomicReference<String> names = new AtomicReference<>();
    private ServerSocket server;
    private String deadline = "20s";

    private interface Answer {
        void to(OutputStream out) throws IOException, InterruptedException;
    }

    private static Answer of(String text) {
        return out -> out.write(text.getBytes(ISO_8859_1));
    }

    private int start(ServerSocketFactory sockets, Answer answer) throws IOException {
        server = sockets.createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(() -> {
            while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                    StringBuilder head = new StringBuilder();
                    for (int c = socket.getInputStream().read();
                            c != -1;
                            c = socket.getInputStream().read()) {
                        head.append((char) c);
                        if (head.indexOf("\r\n\r\n") > 0) {
                            break;
                        }
                    }
                    if (socket instanceof SSLSocket tls && tls.getSession() instanceof ExtendedSSLSession session) {
                        names.set(session.getRequestedServerNames().toString());
                    }
                    heads.add(head.toString());
                    answer.to(socket.getOutputStream());
                } catch (IOException | InterruptedException e) {
                    // The client has had enough, or the test is over.
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
        return server.getLocalPort();
    }

    private int start(Answer answer) throws IOException {
        return start(ServerSocketFactory.getDefault(), answer);
    }

    @AfterEach
    void stop() throws IOException {
        if (server != null) {
            server.close();
        }
    }

    @AfterAll
    static void close() {
        VERTX.close();
    }

    private Outbound outbound(int port, Names names, HttpClientOptions options) {
        DeliveryConfig config = GuardTest.config(Map.of(
                "treering.notification.delivery.allow-http",
                "true",
                "treering.notification.delivery.allowed-hosts",
                "hooks.test.example:" + port,
                "treering.notification.delivery.deadline",
                deadline));
        return new Outbound(VERTX, new Guard(config, names), config, options);
    }

    private Reply post(int port) throws Exception {
        return outbound(port, host -> loopback(), new HttpClientOptions())
                .post(url("http", port), Map.of("webhook-id", "7"), "{}");
    }

    private static InetAddress[] loopback() {
        return new InetAddress[] {InetAddress.getLoopbackAddress()};
    }

    private static URI url(String scheme, int port) {
        return URI.create("%s://hooks.test.example:%d/a/b?c=%%20d".formatted(scheme, port));
    }

    @Test
    void the_address_that_was_judged_is_called_under_the_name_that_was_asked_for() throws Exception {
        int port = start(of("HTTP/1.1 204 No Content\r\nRetry-After: 7\r\n\r\n"));
        assertThat(post(port)).isEqualTo(new Reply(204, "7"));
        assertThat(heads.get(0))
                .startsWith("POST /a/b?c=%20d HTTP/1.1\r\n")
                .containsIgnoringCase("host: hooks.test.example:" + port + "\r\n")
                .containsIgnoringCase("webhook-id: 7\r\n")
                .containsIgnoringCase("content-type: application/json\r\n");
    }

    @Test
    void a_name_that_turns_inside_between_saving_and_sending_is_not_called() throws Exception {
        // Given a URL that was public when it was saved
        int port = start(of("HTTP/1.1 200 OK\r\n\r\n"));
        DeliveryConfig config = GuardTest.config(Map.of(
                "treering.notification.delivery.allow-http",
                "true",
                "treering.notification.delivery.allowed-ports",
                Integer.toString(port)));
        Deque<String> answers = new ArrayDeque<>(List.of("93.184.215.14", "127.0.0.1"));
        Guard guard = new Guard(config, host -> new InetAddress[] {InetAddress.getByName(answers.pop())});
        URI url = guard.check(url("http", port).toString());
        // When
        Outbound outbound = new Outbound(VERTX, guard, config, new HttpClientOptions());
        assertThatExceptionOfType(Refused.class).isThrownBy(() -> outbound.post(url, Map.of(), "{}"));
        // Then
        assertThat(heads).isEmpty();
    }

    @Tag("F43")
    @ParameterizedTest
    @ValueSource(ints = {301, 302, 307, 308})
    void a_redirect_is_an_answer_and_not_followed(int status) throws Exception {
        int port = start(
                of("HTTP/1.1 %d Elsewhere\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".formatted(status)));
        assertThat(post(port).status()).isEqualTo(status);
        assertThat(heads).hasSize(1);
    }

    @Tag("F43")
    @Test
    void who_is_silent_or_dribbles_is_cut_at_the_deadline_of_the_whole() throws Exception {
        deadline = "1s";
        for (Answer slow : List.<Answer>of(out -> Thread.sleep(60_000), out -> {
            out.write("HTTP/1.1 200 OK\r\n".getBytes(ISO_8859_1));
            for (int i = 0; i < 600; i++) {
                out.write("X: y\r\n".getBytes(ISO_8859_1));
                out.flush();
                Thread.sleep(100);
            }
        })) {
            int port = start(slow);
            Instant start = Instant.now();
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> post(port))
                    .withMessage("no answer within 1000 ms");
            assertThat(Duration.between(start, Instant.now()))
                    .isBetween(Duration.ofMillis(950), Duration.ofSeconds(10));
            stop();
        }
    }

    @Test
    void whose_name_is_found_too_late_is_not_sent_to_any_more() throws Exception {
        deadline = "1s";
        int port = start(of("HTTP/1.1 200 OK\r\n\r\n"));
        Names slow = host -> {
            await().pollDelay(Duration.ofMillis(1200)).until(() -> true);
            return loopback();
        };
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> outbound(port, slow, new HttpClientOptions()).post(url("http", port), Map.of(), "{}"))
                .withMessage("no answer within 1000 ms");
        // The connection was made, and is closed without a word.
        await().until(() -> !heads.isEmpty());
        assertThat(heads).containsExactly("");
    }

    @Test
    void of_an_endless_answer_only_the_head_is_read() throws Exception {
        AtomicReference<Long> written = new AtomicReference<>(0L);
        int port = start(out -> {
            out.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".getBytes(ISO_8859_1));
            byte[] chunk = ("10000\r\n" + "x".repeat(65_536) + "\r\n").getBytes(ISO_8859_1);
            while (written.get() < 1_000_000_000L) {
                out.write(chunk);
                written.updateAndGet(n -> n + chunk.length);
            }
        });
        assertThat(post(port).status()).isEqualTo(200);
        assertThat(written.get()).isLessThan(100_000_000L);
    }

    @Tag("F43")
    @Test
    void who_is_down_or_speaks_no_http_is_told_in_words() throws Exception {
        int closed = start(of(""));
        stop();
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> post(closed))
                .withMessageContaining("Connect");
        int mute = start(of("SSH-2.0-OpenSSH_9.2\r\n\r\n"));
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> post(mute))
                .withMessageStartingWith("no answer: ");
    }

    @Test
    void a_certificate_must_be_vouched_for_and_of_the_name_that_was_asked_for(@TempDir Path folder) throws Exception {
        for (String name : List.of("hooks.test.example", "other.test.example")) {
            // Given a server with a certificate of this name
            Path keys = keys(folder, name);
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(KeyStore.getInstance(keys.toFile(), PASSWORD), PASSWORD);
            SSLContext tls = SSLContext.getInstance("TLS");
            tls.init(managers.getKeyManagers(), null, null);
            int port = start(tls.getServerSocketFactory(), of("HTTP/1.1 200 OK\r\n\r\n"));
            HttpClientOptions trusting = new HttpClientOptions()
                    .setTrustOptions(new JksOptions().setPath(keys.toString()).setPassword(new String(PASSWORD)));
            heads.clear();
            // When
            Outbound strict = outbound(port, host -> loopback(), new HttpClientOptions());
            Outbound outbound = outbound(port, host -> loopback(), trusting);
            // Then nobody vouches for it by itself
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> strict.post(url("https", port), Map.of(), "{}"))
                    .withMessageContaining("SSL");
            if (name.startsWith("hooks")) {
                assertThat(outbound.post(url("https", port), Map.of(), "{}").status())
                        .isEqualTo(200);
                assertThat(names.get()).contains("hooks.test.example");
            } else {
                assertThatExceptionOfType(IOException.class)
                        .isThrownBy(() -> outbound.post(url("https", port), Map.of(), "{}"))
                        .withMessageContaining("SSL");
                assertThat(heads).isEmpty();
            }
            stop();
        }
    }

    private static Path keys(Path folder, String name) throws IOException, InterruptedException {
        Path keys = folder.resolve(name + ".p12");
        String keytool =
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        Process made = new ProcessBuilder((keytool + " -genkeypair -keyalg EC -dname CN=" + name + " -ext SAN=dns:"
                                + name + " -storetype PKCS12 -storepass of-a-test -keystore " + keys)
                        .split(" "))
                .redirectErrorStream(true)
                .start();
        made.getInputStream().readAllBytes();
        assertThat(made.waitFor()).isZero();
        return keys;
    }
}
