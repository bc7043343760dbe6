package dev.treering.circleci;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

/** A server that answers each request as a test says, byte by byte and as wrongly as it likes; one request a connection. */
final class RawServer implements AutoCloseable {

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private volatile Answer answer;

    interface Answer {

        /** @param path of the request, with its query */
        void to(String path, Socket socket, OutputStream out) throws IOException, InterruptedException;
    }

    RawServer(Answer answer) throws IOException {
        this.answer = answer;
        start(() -> {
            while (!listener.isClosed()) {
                Socket socket = listener.accept();
                start(() -> serve(socket));
            }
        });
    }

    private interface Work {
        void run() throws IOException, InterruptedException;
    }

    private static void start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException | InterruptedException closed) {
                // The test is over, or the client has had enough.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private void serve(Socket socket) throws IOException, InterruptedException {
        try (socket) {
            var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), ISO_8859_1));
            String request = in.readLine();
            StringBuilder head = new StringBuilder(request + "\n");
            for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
                head.append(line).append('\n');
            }
            requests.add(head.toString());
            answer.to(request.split(" ")[1], socket, socket.getOutputStream());
        }
    }

    void answer(Answer given) {
        answer = given;
    }

    URI url() {
        return URI.create("http://127.0.0.1:%d/api/v2".formatted(listener.getLocalPort()));
    }

    int calls() {
        return requests.size();
    }

    /** The heads of all requests. */
    List<String> requests() {
        return requests;
    }

    /** A status with headers ({@code "Retry-After: 1"}) and a body, as it should be. */
    static Answer of(int status, String body, String... headers) {
        return (path, socket, out) -> out.write(bytes(status, body, headers));
    }

    static byte[] bytes(int status, String body, String... headers) {
        String head =
                "HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n"
                        .formatted(status, body.getBytes(UTF_8).length);
        for (String header : headers) {
            head += header + "\r\n";
        }
        return (head + "\r\n" + body).getBytes(UTF_8);
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
