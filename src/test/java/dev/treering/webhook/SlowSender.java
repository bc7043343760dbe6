package dev.treering.webhook;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;

import static java.nio.charset.StandardCharsets.US_ASCII;

/** A connection of somebody who takes his time. */
final class SlowSender implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(12);

    private final Socket socket;

    SlowSender(Socket socket) {
        this.socket = socket;
    }

    static SlowSender to(int port) throws IOException {
        return new SlowSender(new Socket("127.0.0.1", port));
    }

    void send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(US_ASCII));
        socket.getOutputStream().flush();
    }

    /** Reads what comes until then, or until the other side closes the connection. */
    String receive(Duration time) throws IOException {
        StringBuilder text = new StringBuilder();
        long end = System.nanoTime() + time.toNanos();
        while (!isClosedAfter(Duration.ofNanos(Math.max(1_000_000, end - System.nanoTime())), text)
                && System.nanoTime() < end) {
            // The rest is still to come.
        }
        return text.toString();
    }

    /** The status line of the answer; empty when the connection is closed without one. */
    String firstLine() throws IOException {
        socket.setSoTimeout((int) PATIENCE.toMillis());
        StringBuilder line = new StringBuilder();
        for (int c = socket.getInputStream().read();
                c >= 0 && c != '\n';
                c = socket.getInputStream().read()) {
            line.append((char) c);
        }
        return line.toString();
    }

    /** Sends a character every now and then; how long until the other side closed the connection. */
    Duration dribble(String characters) throws IOException {
        long begun = System.nanoTime();
        for (int i = 0; System.nanoTime() - begun < PATIENCE.toNanos(); i++) {
            try {
                send(characters.substring(i % characters.length(), i % characters.length() + 1));
            } catch (IOException closed) {
                return Duration.ofNanos(System.nanoTime() - begun);
            }
            if (isClosedAfter(Duration.ofMillis(50), new StringBuilder())) {
                return Duration.ofNanos(System.nanoTime() - begun);
            }
        }
        return PATIENCE;
    }

    /** How long until the other side closed the connection, to which nothing is sent. */
    Duration idle() throws IOException {
        long begun = System.nanoTime();
        receive(PATIENCE);
        return Duration.ofNanos(System.nanoTime() - begun);
    }

    private boolean isClosedAfter(Duration time, StringBuilder text) throws IOException {
        socket.setSoTimeout((int) Math.max(1, time.toMillis()));
        byte[] bytes = new byte[4096];
        try {
            int read = socket.getInputStream().read(bytes);
            text.append(new String(bytes, 0, Math.max(0, read), US_ASCII));
            return read < 0;
        } catch (SocketTimeoutException stillOpen) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
