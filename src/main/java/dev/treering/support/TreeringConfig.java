package dev.treering.support;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
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

    /** What secrets in the database are encrypted with. */
    Encryption encryption();

    interface Encryption {

        /**
         * Keys of 32 bytes in base64, comma-separated: the first seals, the others open what was sealed before. Without one
         * there can be no notification channels.
         */
        Optional<List<String>> key();

        /** More of them, one a line, after those of {@code key}. */
        Optional<Path> keyFile();
    }

    enum SchemaMode {
        MIGRATE,
        VERIFY
    }
}
