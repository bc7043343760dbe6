package dev.treering.standalone;

import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;

import dev.treering.simulation.CircleCiStub;
import dev.treering.simulation.Scenarios;
import dev.treering.simulation.Simulator;
import dev.treering.simulation.WebhookSender;

/** The demo's CircleCI in a process of its own, for a Treering that runs elsewhere: in docker-compose.yml, beside it. */
final class SimulatedCircleCi {

    private static final int PORT = 8080;
    private static final Path PROGRESS = Path.of("/var/lib/circleci/progress");

    private SimulatedCircleCi() {}

    /** Until it is stopped. In the environment: the DOOR, the SECRET that signs, the TOKEN that opens the API. */
    public static void main(String... args) throws InterruptedException {
        Map<String, String> environment = System.getenv();
        Clock clock = Clock.systemUTC();
        CircleCiStub api = CircleCiStub.start(environment.get("TOKEN"), clock, new InetSocketAddress(PORT));
        WebhookSender sender = new WebhookSender(
                URI.create(environment.get("DOOR")),
                environment.get("SECRET").split(",", 2)[0].strip());
        DemoProgress progress = new DemoProgress(PROGRESS);
        try (Simulator simulator = new Simulator(api, sender, clock)) {
            simulator.start(
                    new Scenarios(Preparation.DEMO_SEED), progress.next(), Preparation.DEMO_PAUSE, progress::playing);
            Thread.currentThread().join();
        }
    }
}
