package dev.treering.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import static java.nio.charset.StandardCharsets.US_ASCII;

/** Somebody else's program on the same stores, to compare with. */
final class Program extends Part {

    private final String command;
    private final int port;

    /**
     * @param command words between spaces
     * @param port where it listens, or 0 when it does its work and ends
     */
    Program(Path folder, String name, String command, int port) {
        super(folder, name);
        this.command = command;
        this.port = port;
    }

    @Override
    List<String> command() {
        return List.of(command.split(" "));
    }

    @Override
    boolean answers() throws IOException {
        try (Wire wire = new Wire(port)) {
            return wire.exchange("POST /webhooks/circleci HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
                            .getBytes(US_ASCII))
                    >= 400;
        }
    }

    /** What it had to say when it ended. */
    String output() throws IOException {
        return Files.readString(log());
    }
}
