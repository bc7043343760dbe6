package dev.treering.support;

import java.time.Clock;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/** Time comes in from outside: whoever needs it asks for a {@link Clock}, and a test gives another. */
final class Clocks {

    private Clocks() {}

    @Produces
    @Singleton
    static Clock clock() {
        return Clock.systemUTC();
    }
}
