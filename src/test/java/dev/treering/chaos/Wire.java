package dev.treering.chaos;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import dev.treering.simulation.Delivery;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

/** One connection that is kept open, and webhooks as the bytes that go over it. */
final class Wire implements AutoCloseable {

    private static final int PATIENCE_MILLIS = 10_000;
    private static final byte[] HEAD_END = "\r\n\r\n".getBytes(ISO_8859_1);

    private static final Pattern CONTENT_LENGTH = Pattern.compile("(?i)\r\ncontent-length: *(\\d+)");

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private final byte[] buffer = new byte[8192];

    Wire(int port) throws IOException {
        socket = new Socket(Ports.LOOPBACK, port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MILLIS);
        in = socket.getInputStream();
        out = socket.getOutputStream();
    }

    /** The webhook as it goes over the wire, signed. */
    static byte[] request(Delivery delivery) {
        byte[] body = delivery.body().getBytes(UTF_8);
        ByteArrayOutputStream request = new ByteArrayOutputStream(body.length + 400);
        request.writeBytes("""
                POST /webhooks/circleci HTTP/1.1
                Host: localhost
                Content-Type: application/json
                User-Agent: CircleCI-Webhook/1.0
                CircleCI-Event-Type: %s
                CircleCI-Signature: %s
                Content-Length: %d

                """.formatted(delivery.eventType(), delivery.signature(Instance.SECRET), body.length)
                .replace("\n", "\r\n")
                .getBytes(ISO_8859_1));
        request.writeBytes(body);
        return request.toByteArray();
    }

    static List<byte[]> requests(List<Delivery> deliveries) {
        List<byte[]> requests = new ArrayList<>(deliveries.size());
        deliveries.forEach(delivery -> requests.add(request(delivery)));
        return requests;
    }

    /** Sends a request, reads the whole answer, and says its status. */
    int exchange(byte[] request) throws IOException {
        out.write(request);
        int length = 0;
        int headEnd = -1;
        while (headEnd < 0) {
            length += read(length);
            headEnd = headEnd(length);
        }
        String head = new String(buffer, 0, headEnd, ISO_8859_1);
        int body = contentLength(head);
        for (int total = headEnd + body; length < total; ) {
            length += read(0);
        }
        return Integer.parseInt(head, 9, 12, 10);
    }

    private int read(int offset) throws IOException {
        int count = in.read(buffer, offset, buffer.length - offset);
        if (count < 0) {
            throw new EOFException("The connection was closed");
        }
        return count;
    }

    private int headEnd(int length) {
        for (int i = 0; i <= length - HEAD_END.length; i++) {
            if (buffer[i] == '\r' && buffer[i + 1] == '\n' && buffer[i + 2] == '\r' && buffer[i + 3] == '\n') {
                return i + HEAD_END.length;
            }
        }
        return -1;
    }

    private static int contentLength(String head) {
        Matcher length = CONTENT_LENGTH.matcher(head);
        return length.find() ? Integer.parseInt(length.group(1)) : 0;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
