package dev.treering;

import dev.treering.status.Banner;
import dev.treering.status.StartFailure;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;

/** The service. */
@QuarkusMain
public class Treering implements QuarkusApplication {

    private final Banner banner;

    Treering(Banner banner) {
        this.banner = banner;
    }

    /** Starts the service and returns when it is stopped. */
    public static void main(String... args) {
        Quarkus.run(Treering.class, StartFailure::exit, args);
    }

    @Override
    public int run(String... args) {
        System.out.println(banner.text());
        Quarkus.waitForExit();
        return 0;
    }
}
