package dev.treering;

import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

import dev.treering.command.TreeringCommand;
import dev.treering.status.Banner;
import dev.treering.status.StartFailure;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;

/** The service; with arguments, a command to one that runs, or the migration alone. */
@QuarkusMain
public class Treering implements QuarkusApplication {

    // Hibernate introduces itself before our log settings apply, and that would stand above a message about wrong
    // settings. The log manager forgets the level of a logger that nobody holds.
    private static final Logger HIBERNATE = Logger.getLogger("org.hibernate");

    private final Banner banner;

    Treering(Banner banner) {
        this.banner = banner;
    }

    /** Starts the service and returns when it is stopped. With arguments it runs a command and ends the process. */
    public static void main(String... args) {
        HIBERNATE.setLevel(Level.WARNING);
        if (List.of(args).equals(List.of("migrate"))) {
            migrate();
        } else if (args.length > 0) {
            System.exit(TreeringCommand.run(args));
        } else {
            Quarkus.run(Treering.class, StartFailure::exit);
        }
    }

    // Quarkus itself migrates and ends, before a port is opened or Kafka is asked; so no application is named.
    private static void migrate() {
        System.setProperty("quarkus.flyway.owner.migrate-at-start", "true");
        System.setProperty("quarkus.init-and-exit", "true");
        Quarkus.run(null, StartFailure::exit);
    }

    @Override
    public int run(String... args) {
        banner.show();
        Quarkus.waitForExit();
        return 0;
    }
}
