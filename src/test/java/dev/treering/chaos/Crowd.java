package dev.treering.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

/** Many clients of {@code /api/stream} and one thread that reads for them all; some never read. */
final class Crowd implements AutoCloseable {

    static final String MARK = "\"name\":\"probe-";
    private static final int DIGITS = 6;
    private static final int MOST_PROBES = 1_000;

    private final Selector selector;
    private final List<Member> readers = new ArrayList<>();
    private final List<SocketChannel> dead = new ArrayList<>();
    private final byte[] bytes = new byte[256 * 1024];
    private final ByteBuffer buffer = ByteBuffer.wrap(bytes);
    private final Thread thread = new Thread(this::read, "crowd");
    private volatile long bytesRead;

    /** One that reads: when each probe came, and how many events did. */
    static final class Member {

        final long[] arrivals = new long[MOST_PROBES];
        volatile int resets;
        volatile boolean ended;
        private String rest = "";
    }

    Crowd(int port, int readers, int dead) throws IOException {
        selector = Selector.open();
        for (int i = 0; i < readers + dead; i++) {
            boolean reads = i < readers;
            SocketChannel channel = SocketChannel.open();
            if (!reads) {
                channel.setOption(StandardSocketOptions.SO_RCVBUF, 4096);
            }
            channel.connect(new InetSocketAddress(Ports.LOOPBACK, port));
            channel.write(ByteBuffer.wrap(request("")));
            if (reads) {
                channel.configureBlocking(false);
                Member member = new Member();
                channel.register(selector, SelectionKey.OP_READ, member);
                this.readers.add(member);
            } else {
                this.dead.add(channel);
            }
        }
        thread.start();
    }

    static byte[] request(String more) {
        return "GET /api/stream HTTP/1.1\r\nHost: localhost\r\nCircle-Token: %s\r\n%s\r\n"
                .formatted(Instance.TOKEN, more)
                .getBytes(ISO_8859_1);
    }

    private void read() {
        try {
            while (selector.isOpen()) {
                selector.select(key -> read(key, (Member) key.attachment()), 100);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (java.nio.channels.ClosedSelectorException closed) {
            return;
        }
    }

    private void read(SelectionKey key, Member member) {
        try {
            buffer.clear();
            int count = ((SocketChannel) key.channel()).read(buffer);
            if (count < 0) {
                throw new IOException("ended");
            }
            bytesRead += count;
            take(member, member.rest + new String(bytes, 0, count, ISO_8859_1));
        } catch (IOException e) {
            member.ended = true;
            key.cancel();
        }
    }

    private static void take(Member member, String text) {
        long now = System.nanoTime();
        // What may be the beginning of a mark is looked at again with what follows.
        int end = Math.max(0, text.length() - MARK.length() - DIGITS);
        for (int at = text.indexOf(MARK); at >= 0 && at < end; at = text.indexOf(MARK, at + 1)) {
            int probe = Integer.parseInt(text, at + MARK.length(), at + MARK.length() + DIGITS, 10);
            if (member.arrivals[probe] == 0) {
                member.arrivals[probe] = now;
            }
        }
        if (text.contains("event: reset")) {
            member.resets++;
        }
        member.rest = text.substring(end);
    }

    List<Member> readers() {
        return readers;
    }

    /** Bytes that all of them got. */
    long bytesRead() {
        return bytesRead;
    }

    @Override
    public void close() throws IOException {
        selector.keys().forEach(key -> {
            try {
                key.channel().close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        selector.close();
        for (SocketChannel channel : dead) {
            channel.close();
        }
    }
}
