package dev.treering.standalone;

import java.util.logging.Level;
import java.util.logging.Logger;

import dev.treering.Treering;
import dev.treering.embedded.StoreException;
import io.quarkus.runtime.annotations.QuarkusMain;

/** Treering with its stores in one process: starts them, tells the service by settings where they are, and starts it. */
@QuarkusMain(name = "standalone")
public class Standalone {

    /** {@code EX_CONFIG} of sysexits: what is wrong stands in the settings or their surroundings. */
    private static final int WRONG_SETTINGS = 78;

    private static final Logger ROOT = Logger.getLogger("");

    public static void main(String... args) {
        if (args.length > 0) {
            // A command, which needs no stores.
            Treering.main(args);
            return;
        }
        // Until the service sets up its logging, every line would be kept for it, and most of them lost.
        ROOT.setLevel(Level.WARNING);
        OpenParts parts = new OpenParts();
        // Whatever way this process ends, short of a kill, goes through here.
        Runtime.getRuntime().addShutdownHook(new Thread(parts::close, "treering-stop"));
        try {
            new Preparation(GivenSettings.read(), parts).run();
        } catch (StartRefused | StoreException e) {
            System.err.println("Treering cannot start: " + e.getMessage());
            System.exit(WRONG_SETTINGS);
        } catch (OpenParts.StoppedMeanwhile e) {
            return;
        }
        Treering.main(args);
    }
}
