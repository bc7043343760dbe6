package dev.treering.audit;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** The trail's doors, under {@code treering.audit.}. */
@ConfigMapping(prefix = "treering.audit")
public interface AuditConfig {

    /** Exports that run at once on this instance, each with a thread of its own; beyond it the answer is 503. */
    @WithDefault("4")
    @Min(1)
    @Max(100)
    int maxExports();
}
