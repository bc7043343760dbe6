package dev.treering.insights;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithName;

/** Who may see badges, under {@code treering.badges.}. */
@ConfigMapping(prefix = "treering.badges")
interface BadgesConfig {

    /**
     * Whether badges are shown to everybody, so that they can stand in a README. Whoever guesses a project's name then learns
     * that it exists and how its branches stand, and nothing else.
     */
    @WithName("public")
    @WithDefault("false")
    boolean open();
}
