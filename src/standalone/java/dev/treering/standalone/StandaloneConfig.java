package dev.treering.standalone;

import java.util.Optional;
import java.util.Set;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** What only the standalone artefact can be told, under {@code treering.}; the rest of it {@link Preparation} tells. */
@ConfigMapping(prefix = "treering")
public interface StandaloneConfig {

    /** Whether to play make-believe runs instead of waiting for CircleCI, in a folder apart. */
    @WithDefault("false")
    boolean demo();

    Standalone standalone();

    interface Standalone {

        /** The folder that holds broker, database and secrets. */
        @WithDefault("treering-data")
        String data();

        /** Where the generated secrets are kept. */
        Optional<String> secretsFile();

        /** The settings whose values were generated because nobody gave them. */
        Optional<Set<String>> generated();

        /** Whether the secrets were made by this very start, which is when they are shown. */
        @WithDefault("false")
        boolean secretsJustMade();
    }
}
