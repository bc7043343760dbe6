package dev.treering.support;

import java.util.Arrays;

import jakarta.annotation.Priority;

import io.smallrye.config.ConfigSourceInterceptor;
import io.smallrye.config.ConfigSourceInterceptorContext;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.Priorities;

/**
 * Answers {@code treering.role.worker} and its like from {@code treering.roles}, so that application.properties can
 * switch a channel by role.
 */
// Below the expansion of expressions, which is what asks for these names.
@Priority(Priorities.LIBRARY)
public final class RoleSettings implements ConfigSourceInterceptor {

    private static final String PREFIX = "treering.role.";

    @Override
    public ConfigValue getValue(ConfigSourceInterceptorContext context, String name) {
        if (!name.startsWith(PREFIX)) {
            return context.proceed(name);
        }
        ConfigValue roles = context.proceed("treering.roles");
        String role = name.substring(PREFIX.length());
        boolean played = roles == null
                || roles.getValue() == null
                || Arrays.stream(roles.getValue().split(",")).map(String::strip).anyMatch(role::equalsIgnoreCase);
        return ConfigValue.builder()
                .withName(name)
                .withValue(Boolean.toString(played))
                .build();
    }
}
