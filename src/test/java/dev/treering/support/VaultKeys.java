package dev.treering.support;

import java.util.Map;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;

/** Vaults with other keys than the application's. */
public final class VaultKeys {

    private VaultKeys() {}

    /** @param keys as the setting has them */
    public static Vault of(String keys) {
        return with("treering.encryption.key", keys);
    }

    static Vault with(String setting, String value) {
        return new Vault(new SmallRyeConfigBuilder()
                .withMapping(TreeringConfig.class)
                .withSources(new PropertiesConfigSource(Map.of(setting, value), "test", 100))
                .build()
                .getConfigMapping(TreeringConfig.class));
    }
}
