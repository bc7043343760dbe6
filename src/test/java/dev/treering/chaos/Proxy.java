package dev.treering.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * A TCP proxy with the faults of a network: it delays, narrows, swallows and cuts. Each connection goes to where the target is
 * when it is opened, so that it can also stand as a balancer before several.
 */
final class Proxy implements AutoCloseable {

    private static final int CHUNK = 16 * 1024;

    private final ServerSocket server;
    private final Supplier<OptionalInt> target;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private volatile Duration latency = Duration.ZERO;
    private volatile int bytesPerSecond = Integer.MAX_VALUE;
    private volatile boolean swallowing;
    private volatile boolean refusing;

    /** @param target the port to go to, asked for every connection; empty closes it at once */
    Proxy(int port, Supplier<OptionalInt> target) {
        this.target = target;
        try {
            server = new ServerSocket();
            server.setReuseAddress(true);
            server.bind(new InetSocketAddress(InetAddress.getByName(Ports.LOOPBACK), port), 1000);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        daemon(this::accept);
    }

    static Proxy before(int target) {
        return new Proxy(Ports.free(), () -> OptionalInt.of(target));
    }

    int port() {
        return server.getLocalPort();
    }

    /** Holds every portion back for so long, both ways. */
    void delay(Duration by) {
        latency = by;
    }

    /** Lets no more through than this, each way of each connection. */
    void narrow(int bytes) {
        bytesPerSecond = bytes;
    }

    /** A black hole: connections stay open, nothing passes. */
    void swallow() {
        swallowing = true;
    }

    /** Resets what is open and refuses what comes. */
    void cut() {
        refusing = true;
        sockets.forEach(Proxy::reset);
    }

    /** No more faults. What was cut stays so: clients connect again. */
    void heal() {
        latency = Duration.ZERO;
        bytesPerSecond = Integer.MAX_VALUE;
        refusing = false;
        if (swallowing) {
            // What was swallowed is lost; a connection with a hole in its stream can only end.
            swallowing = false;
            sockets.forEach(Proxy::reset);
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        sockets.forEach(Proxy::reset);
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                OptionalInt port = refusing ? OptionalInt.empty() : target.get();
                if (port.isEmpty()) {
                    reset(client);
                } else {
                    daemon(() -> connect(client, port.getAsInt()));
                }
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void connect(Socket client, int port) {
        try {
            Socket server = new Socket(Ports.LOOPBACK, port);
            server.setTcpNoDelay(true);
            client.setTcpNoDelay(true);
            sockets.add(client);
            sockets.add(server);
            daemon(() -> pump(client, server));
            pump(server, client);
        } catch (IOException refused) {
            reset(client);
        }
    }

    private void pump(Socket from, Socket to) {
        byte[] chunk = new byte[CHUNK];
        try {
            var in = from.getInputStream();
            var out = to.getOutputStream();
            for (int size = in.read(chunk); size >= 0; size = in.read(chunk)) {
                if (swallowing) {
                    continue;
                }
                pause(latency.toMillis() + 1000L * size / bytesPerSecond);
                out.write(chunk, 0, size);
            }
            from.close();
            to.close();
        } catch (IOException broken) {
            reset(from);
            reset(to);
        } finally {
            sockets.remove(from);
            sockets.remove(to);
        }
    }

    private static void pause(long millis) {
        if (millis > 0) {
            try {
                Thread.sleep(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException gone) {
            // That is what was wanted.
        }
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "proxy");
        thread.setDaemon(true);
        thread.start();
    }
}
