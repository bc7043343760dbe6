package dev.treering.circleci;

import java.net.URI;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import javax.sql.DataSource;

import dev.treering.support.Traces;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.config.SmallRyeConfigBuilder;

/** Askers of CircleCI beside that of the running service. */
public final class CircleCis {

    private CircleCis() {}

    /** @param settings names below {@code treering.circleci.} and values, in turn */
    public static CircleCi asking(
            URI url, String token, DataSource database, MeterRegistry meters, Clock clock, String... settings) {
        Map<String, String> all =
                new HashMap<>(Map.of("treering.circleci.url", url.toString(), "treering.circleci.token", token));
        for (int i = 0; i < settings.length; i += 2) {
            all.put("treering.circleci." + settings[i], settings[i + 1]);
        }
        CircleCiConfig config = new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withDefaultValues(all)
                .withMapping(CircleCiConfig.class)
                .build()
                .getConfigMapping(CircleCiConfig.class);
        return new CircleCi(config, database, meters, Traces.off(), clock);
    }
}
