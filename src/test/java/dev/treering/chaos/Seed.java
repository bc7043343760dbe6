package dev.treering.chaos;

import java.util.Random;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/** The one number from which a run's schedule of faults follows. */
final class Seed {

    static final long VALUE = Long.getLong("treering.seed", System.nanoTime());

    private Seed() {}

    static Random random() {
        return new Random(VALUE);
    }

    static final class InFailures implements TestExecutionExceptionHandler, LifecycleMethodExecutionExceptionHandler {

        @Override
        public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
            throw named(failure);
        }

        @Override
        public void handleBeforeAllMethodExecutionException(ExtensionContext context, Throwable failure)
                throws Throwable {
            throw named(failure);
        }

        private static AssertionError named(Throwable failure) {
            return new AssertionError("-Dtreering.seed=%d: %s".formatted(VALUE, failure.getMessage()), failure);
        }
    }
}
