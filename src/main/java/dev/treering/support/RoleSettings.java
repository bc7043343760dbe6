package dev.treering.support;

import java.util.Arrays;

import jakarta.annotation.Priority;

import io.smallrye.config.ConfigSourceInterceptor;
import io.smallrye.config.ConfigSourceInterceptorContext;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.Priorities;

/**
 * Answers {@code treering.role.worker} and its like from {@code treering.roles}, so that application.properties can
 * switch a channel by role. {@code treering.role.asking} is a worker that has a token to ask CircleCI with.
 */
// Below the expansion of expressions, which is what asks for these names.
@Priority(Priorities.LIBRARY)
public final class RoleSettings implements ConfigSourceInterceptor {

    private static final String PREFIX = "treering.role.";
    private static final String ASKING = "asking";

    @Override
    public ConfigValue getValue(ConfigSourceInterceptorContext context, String name) {
        if (!name.startsWith(PREFIX)) {
            return context.proceed(name);
        }
        String role = name.substring(PREFIX.length());
        boolean played =
                role.equals(ASKING) ? plays(context, Role.WORKER.name()) && hasToken(context) : plays(context, role);
        return ConfigValue.builder()
                .withName(name)
                .withValue(Boolean.toString(played))
                .build();
    }

    private static boolean plays(ConfigSourceInterceptorContext context, String role) {
        // From the start, so that profiles and expressions count, which are above this one.
        ConfigValue roles = context.restart("treering.roles");
        return roles == null
                || roles.getValue() == null
                || Arrays.stream(roles.getValue().split(",")).map(String::strip).anyMatch(role::equalsIgnoreCase);
    }

    private static boolean hasToken(ConfigSourceInterceptorContext context) {
        ConfigValue token = context.restart("treering.circleci.token");
        return token != null && token.getValue() != null && !token.getValue().isBlank();
    }
}
