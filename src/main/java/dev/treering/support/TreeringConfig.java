package dev.treering.support;

import java.util.Set;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** Settings of the whole service, under {@code treering.}. */
@ConfigMapping(prefix = "treering")
public interface TreeringConfig {

    /** The roles of this instance, comma-separated: {@code receiver}, {@code worker}, {@code api}. */
    @WithDefault("receiver,worker,api")
    Set<Role> roles();

    /**
     * Whether a worker brings the database to this version's schema when it starts ({@code migrate}), or waits until
     * somebody else has ({@code verify}).
     */
    @WithDefault("migrate")
    SchemaMode schema();

    enum SchemaMode {
        MIGRATE,
        VERIFY
    }
}
