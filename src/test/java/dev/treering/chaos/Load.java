package dev.treering.chaos;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.function.LongUnaryOperator;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

/**
 * Many connections at once and one thread for all of them, with the bytes of requests made beforehand: what is measured is
 * the service, and little of a client.
 */
final class Load {

    private static final long NEVER = Long.MAX_VALUE;
    private static final long PATIENCE_NANOS = Duration.ofSeconds(10).toNanos();

    // Lower case, with 0x20 set in every byte: ':' has it already, '-' too.
    private static final byte[] LENGTH = "content-length:".getBytes(ISO_8859_1);

    private final int port;
    private final int connections;
    // Of a run.
    private long[] nanos;
    private int accepted;
    private int others;

    Load(int port, int connections) {
        this.port = port;
        this.connections = connections;
    }

    /** @param nanos how long each answer took, in ascending order */
    record Figures(long accepted, long others, double seconds, long[] nanos) {

        double perSecond() {
            return accepted / seconds;
        }

        double millis(double quantile) {
            return nanos.length == 0 ? 0 : nanos[(int) Math.min(nanos.length - 1, nanos.length * quantile)] / 1e6;
        }

        @Override
        public String toString() {
            return "%,8.0f/s   p50 %6.2f ms   p99 %6.2f ms   max %6.1f ms%s"
                    .formatted(
                            perSecond(),
                            millis(0.5),
                            millis(0.99),
                            millis(1),
                            others == 0 ? "" : "   %d not accepted".formatted(others));
        }
    }

    /** Each connection sends the next request as soon as its last is answered. */
    Figures asFastAsPossible(List<byte[]> requests, Duration time) {
        long end = System.nanoTime() + time.toNanos();
        return run(requests, i -> System.nanoTime() < end ? 0 : NEVER);
    }

    /** Each request once, as fast as possible. */
    Figures each(List<byte[]> requests) {
        return run(requests, i -> i < requests.size() ? 0 : NEVER);
    }

    /** At a rate that waits for nobody: an answer's time counts from when its request was due. */
    Figures atRate(List<byte[]> requests, double perSecond, Duration time) {
        long begin = System.nanoTime();
        long count = (long) (perSecond * time.toNanos() / 1e9);
        return run(requests, i -> i < count ? begin + (long) (i * 1e9 / perSecond) : NEVER);
    }

    /** @param due when the request of this number is to be sent: 0 at once, or never */
    private Figures run(List<byte[]> requests, LongUnaryOperator due) {
        nanos = new long[1 << 16];
        accepted = 0;
        others = 0;
        long begin = System.nanoTime();
        try (Selector selector = Selector.open()) {
            Queue<Connection> idle = new ArrayDeque<>();
            for (int i = 0; i < connections; i++) {
                idle.add(new Connection(selector));
            }
            long next = 0;
            while (true) {
                long at = due.applyAsLong(next);
                long now = System.nanoTime();
                for (; !idle.isEmpty() && at <= now; at = due.applyAsLong(next)) {
                    idle.remove().send(requests.get((int) (next++ % requests.size())), at == 0 ? now : at);
                }
                if (at == NEVER && idle.size() == connections) {
                    break;
                }
                receive(selector, idle, idle.isEmpty() || at == NEVER ? PATIENCE_NANOS : at - now);
            }
            for (Connection connection : idle) {
                connection.channel.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        long[] sorted = Arrays.copyOf(nanos, accepted);
        Arrays.sort(sorted);
        return new Figures(accepted, others, (System.nanoTime() - begin) / 1e9, sorted);
    }

    private void receive(Selector selector, Queue<Connection> idle, long patienceNanos) throws IOException {
        // Half a millisecond is as exact as a selector gets; what is due sooner is waited for by looking.
        int answered = patienceNanos < 500_000 ? selector.selectNow() : selector.select(patienceNanos / 1_000_000 + 1);
        if (answered == 0 && patienceNanos == PATIENCE_NANOS) {
            throw new IOException("No answer within ten seconds");
        }
        for (SelectionKey key : selector.selectedKeys()) {
            Connection connection = (Connection) key.attachment();
            int status = connection.read();
            if (status == 202) {
                if (accepted == nanos.length) {
                    nanos = Arrays.copyOf(nanos, accepted * 2);
                }
                nanos[accepted++] = System.nanoTime() - connection.begin;
            } else if (status > 0) {
                others++;
            }
            if (status > 0) {
                idle.add(connection);
            }
        }
        selector.selectedKeys().clear();
    }

    // By bytes: a regular expression over each answer would cost as much as the service.
    private static int headEnd(byte[] answer, int length) {
        for (int i = 4; i <= length; i++) {
            if (answer[i - 1] == '\n' && answer[i - 2] == '\r' && answer[i - 3] == '\n') {
                return i;
            }
        }
        return -1;
    }

    private static int contentLength(byte[] answer, int headEnd) {
        for (int i = 0; i < headEnd - LENGTH.length; i++) {
            int matched = 0;
            while (matched < LENGTH.length && (answer[i + matched] | 0x20) == LENGTH[matched]) {
                matched++;
            }
            if (matched == LENGTH.length) {
                return number(answer, i + matched);
            }
        }
        return 0;
    }

    private static int number(byte[] answer, int at) {
        int number = 0;
        for (int i = at; answer[i] == ' ' || answer[i] >= '0' && answer[i] <= '9'; i++) {
            if (answer[i] != ' ') {
                number = 10 * number + answer[i] - '0';
            } else if (i > at) {
                break;
            }
        }
        return number;
    }

    private final class Connection {

        private final SocketChannel channel;
        private final ByteBuffer answer = ByteBuffer.allocate(8192);
        private long begin;

        Connection(Selector selector) throws IOException {
            channel = SocketChannel.open(new InetSocketAddress(Ports.LOOPBACK, port));
            channel.socket().setTcpNoDelay(true);
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ, this);
        }

        void send(byte[] request, long begin) throws IOException {
            this.begin = begin;
            answer.clear();
            // A webhook is far smaller than a socket's buffer, which is empty.
            for (ByteBuffer bytes = ByteBuffer.wrap(request); bytes.hasRemaining(); ) {
                channel.write(bytes);
            }
        }

        /** The status when the answer is complete, else 0. */
        int read() throws IOException {
            if (channel.read(answer) < 0) {
                throw new EOFException("The connection was closed");
            }
            int headEnd = headEnd(answer.array(), answer.position());
            if (headEnd < 0 || answer.position() < headEnd + contentLength(answer.array(), headEnd)) {
                return 0;
            }
            return number(answer.array(), 9);
        }
    }
}
