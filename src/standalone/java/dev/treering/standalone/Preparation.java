package dev.treering.standalone;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import dev.treering.embedded.EmbeddedStores;
import dev.treering.simulation.CircleCiStub;
import dev.treering.simulation.Scenarios;
import dev.treering.simulation.Simulator;
import dev.treering.simulation.WebhookSender;

/** Makes everything the service will need: refuses what cannot work, opens the folder, starts the stores, sets the settings. */
final class Preparation {

    static final String DATA = "treering.standalone.data";

    private static final String DEMO = "treering.demo";
    static final String WEBHOOK_SECRETS = "treering.webhook.secrets";
    static final String ADMIN_TOKEN = "treering.security.bootstrap-token";
    static final Duration DEMO_PAUSE = Duration.ofSeconds(6);
    static final long DEMO_SEED = 1986;

    private final GivenSettings given;
    private final OpenParts parts;

    Preparation(GivenSettings given, OpenParts parts) {
        this.given = given;
        this.parts = parts;
    }

    void run() {
        refuseWhatCannotWork();
        boolean demo = given.isOn(DEMO);
        Path wanted = Path.of(given.text(DATA).orElse(demo ? "treering-data/demo" : "treering-data"));
        DataFolder folder = parts.add(() -> DataFolder.open(wanted, demo));
        System.setProperty(DATA, folder.path().toString());
        useSecrets(folder);
        EmbeddedStores stores = parts.add(() -> EmbeddedStores.durable(folder.path()));
        stores.settings().forEach(System::setProperty);
        if (demo) {
            CircleCiStub circleCi = parts.add(() -> CircleCiStub.start("demo", Clock.systemUTC()));
            System.setProperty("treering.circleci.url", circleCi.url().toString());
            System.setProperty("treering.circleci.token", circleCi.token());
            parts.add(QuarkusStop::new);
            Simulator simulator = parts.add(() -> new Simulator(circleCi, sender(), Clock.systemUTC()));
            DemoProgress progress = new DemoProgress(folder.file("demo-progress"));
            simulator.start(new Scenarios(DEMO_SEED), progress.next(), DEMO_PAUSE, progress::playing);
        } else {
            parts.add(QuarkusStop::new);
        }
    }

    private void refuseWhatCannotWork() {
        List<String> problems = new ArrayList<>();
        Stream.of("kafka.bootstrap.servers", "quarkus.datasource.jdbc.url")
                .filter(name -> given.text(name).isPresent())
                .map(name -> name + " (" + GivenSettings.variable(name) + ") is set, but this artefact brings its own"
                        + " stores. Remove the setting, or start the plain artefact in target/quarkus-app.")
                .forEach(problems::add);
        Stream.of(new Port("quarkus.http.port", 8080), new Port("quarkus.management.port", 9000))
                .filter(port -> !isFree(given.port(port.setting(), port.usual())))
                .map(port -> "Port " + given.port(port.setting(), port.usual()) + " is taken by another process."
                        + " Stop that one, or choose another port with " + GivenSettings.variable(port.setting()) + ".")
                .forEach(problems::add);
        if (!problems.isEmpty()) {
            throw new StartRefused(String.join("\n  ", problems));
        }
    }

    private void useSecrets(DataFolder folder) {
        List<String> missing = Stream.of(WEBHOOK_SECRETS, ADMIN_TOKEN)
                .filter(name -> given.text(name).isEmpty())
                .toList();
        if (missing.isEmpty()) {
            return;
        }
        Secrets secrets = Secrets.in(folder);
        missing.forEach(name -> System.setProperty(
                name, name.equals(WEBHOOK_SECRETS) ? secrets.webhookSecret() : secrets.adminToken()));
        System.setProperty("treering.standalone.generated", String.join(",", missing));
        System.setProperty("treering.standalone.secrets-file", secrets.file().toString());
        System.setProperty("treering.standalone.secrets-just-made", Boolean.toString(secrets.justMade()));
    }

    /** The demo's webhooks take the same way as CircleCI's: through the door, and again until it opens. */
    private WebhookSender sender() {
        int port = given.port("quarkus.http.port", 8080);
        String secrets = given.text(WEBHOOK_SECRETS).orElseGet(() -> System.getProperty(WEBHOOK_SECRETS));
        return new WebhookSender(
                URI.create("http://127.0.0.1:" + port + "/webhooks/circleci"), secrets.split(",", 2)[0].strip());
    }

    private record Port(String setting, int usual) {}

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(port));
            return true;
        } catch (IOException taken) {
            return false;
        }
    }
}
