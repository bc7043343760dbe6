package dev.treering.command;

import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import dev.treering.event.ProjectSlug;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/** What the artefact does when it is given arguments: it asks a Treering that runs, instead of being one. */
@Command(
        name = "treering",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "Without arguments this is the service. With a command it asks a running one, by its REST API.",
            "With the one word migrate it brings the database to this version's schema and ends."
        },
        footer = {
            "",
            "Environment:",
            "  TREERING_URL     where Treering is; else http://localhost:8080",
            "  TREERING_TOKEN   the token to show it; else TREERING_SECURITY_BOOTSTRAP_TOKEN"
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:failed, cancelled, something was given up, or Treering does not answer",
            "2:the command is not understood"
        })
public final class TreeringCommand {

    private TreeringCommand() {}

    /** Runs the command, says what is to be said, and returns the exit code. */
    public static int run(String... args) {
        // Some JDKs have a console even where nobody sits at one; with this choice they have not.
        System.setProperty("jdk.console", "java.base");
        String jar = System.getProperty("java.class.path");
        return line(System.getenv(), Clock.systemUTC(), TimeUnit.SECONDS::sleep, System.console() != null)
                // What it suggests can be copied.
                .setCommandName(
                        jar.endsWith(".jar") && !jar.contains(File.pathSeparator) ? "java -jar " + jar : "treering")
                .execute(args);
    }

    static CommandLine line(
            Map<String, String> environment, Clock clock, BackfillCommand.Pause pause, boolean terminal) {
        // Not System.out, which keeps to itself that a disk is full.
        return line(environment, clock, pause, terminal, new FileOutputStream(FileDescriptor.out));
    }

    /** @param out where lines of data go, byte for byte */
    static CommandLine line(
            Map<String, String> environment,
            Clock clock,
            BackfillCommand.Pause pause,
            boolean terminal,
            OutputStream out) {
        CommandLine line = new CommandLine(new TreeringCommand());
        line.getCommandSpec()
                .version("treering " + TreeringCommand.class.getPackage().getImplementationVersion());
        Follower follower = new Follower(clock, pause, terminal);
        return line.addSubcommand(new BackfillCommand(new Target(environment), clock, follower))
                .addSubcommand(new TokenCommand(new Target(environment), clock))
                .addSubcommand(new VerifyCommand(new Target(environment), clock, terminal))
                .addSubcommand(new DoctorCommand(new Target(environment)))
                .addSubcommand(new ExportCommand(new Target(environment), clock, out, terminal))
                .addSubcommand(new DeadLettersCommand(new Target(environment), follower))
                .addSubcommand(new RebuildCommand(new Target(environment), follower))
                .addSubcommand(new TaskCommand(new Target(environment), follower))
                .registerConverter(Instant.class, new PastTime(clock))
                .registerConverter(ProjectSlug.class, ProjectSlug::new)
                .setParameterExceptionHandler((e, args) -> wrongUse(e))
                .setExecutionExceptionHandler((e, command, parsed) -> {
                    command.getErr()
                            .println(e instanceof Failure ? e.getMessage() : "This is a fault of the command: " + e);
                    return 1;
                });
    }

    // Of what cannot be read its own class says best why. The whole usage would hide it.
    private static int wrongUse(ParameterException e) {
        CommandLine command = e.getCommandLine();
        command.getErr()
                .println(e.getCause() instanceof IllegalArgumentException why ? why.getMessage() : e.getMessage());
        command.getErr().println("Try " + command.getCommandSpec().qualifiedName() + " --help");
        return 2;
    }
}
