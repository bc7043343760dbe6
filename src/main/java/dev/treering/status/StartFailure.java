package dev.treering.status;

import java.io.PrintStream;
import java.util.TreeSet;
import java.util.regex.Pattern;

import io.quarkus.runtime.QuarkusBindException;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigValidationException;

/** Why the service could not start, as one message a person can act on. */
public final class StartFailure {

    /** {@code EX_CONFIG} of sysexits: what is wrong stands in the settings. */
    private static final int WRONG_SETTINGS = 78;

    /** The names of exceptions and message codes, which help nobody to mend a setting. */
    private static final Pattern CODES = Pattern.compile("(?:[\\w.]+Exception: |SRCFG\\d+: )");

    private StartFailure() {}

    /** Ends the process; after a failure it says what was wrong, where, and what to do. */
    public static void exit(int code, Throwable failure) {
        if (failure instanceof IllegalStateException && "Shutdown in progress".equals(failure.getMessage())) {
            // Told to stop while starting: that is no failure, and the process is on its way out.
            return;
        }
        System.exit(failure == null ? code : explain(failure, System.err));
    }

    static int explain(Throwable failure, PrintStream out) {
        Throwable cause = failure;
        while (cause.getCause() != null && !known(cause)) {
            cause = cause.getCause();
        }
        if (cause instanceof ConfigValidationException settings) {
            out.println("Treering cannot start, for its settings are wrong:");
            TreeSet<String> problems = new TreeSet<>();
            for (int i = 0; i < settings.getProblemCount(); i++) {
                problems.add(CODES.matcher(settings.getProblem(i).getMessage()).replaceAll(""));
            }
            problems.forEach(problem -> out.println("  - " + problem));
            out.println("The settings table in README.md says what each is for. An environment variable is the setting"
                    + " in capitals with _ for . and - (treering.webhook.secrets: TREERING_WEBHOOK_SECRETS).");
            return WRONG_SETTINGS;
        }
        if (cause instanceof ConfigurationException settings) {
            out.println("Treering cannot start, for its settings are wrong: " + settings.getMessage());
            return WRONG_SETTINGS;
        }
        if (cause instanceof QuarkusBindException bind) {
            out.printf(
                    "Treering cannot start: port %s is taken by another process. Stop that one, or choose another port"
                            + " with QUARKUS_HTTP_PORT or QUARKUS_MANAGEMENT_PORT.%n",
                    bind.getPort());
            return WRONG_SETTINGS;
        }
        out.println("Treering cannot start, and this is not for want of a setting:");
        failure.printStackTrace(out);
        return 1;
    }

    private static boolean known(Throwable failure) {
        return failure instanceof ConfigValidationException
                || failure instanceof ConfigurationException
                || failure instanceof QuarkusBindException;
    }
}
