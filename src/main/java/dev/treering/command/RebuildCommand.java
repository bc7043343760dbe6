package dev.treering.command;

import java.util.concurrent.Callable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Has the history regrown from the trail. */
@Command(
        name = "rebuild",
        description = {
            "Regrows the history from the trail beside the live one, and swaps it in at the end.",
            "Reads go on all the time; what comes in meanwhile waits for the moment of the swap."
        },
        footer = {"", "Examples:", "  rebuild --dry-run", "  rebuild", "  rebuild --untold keep --no-wait"})
final class RebuildCommand implements Callable<Integer> {

    /** Words of the REST API. */
    enum Untold {
        refuse,
        keep,
        drop
    }

    @Option(
            names = "--untold",
            paramLabel = "WORD",
            description =
                    "What becomes of what the trail does not tell (any more): refuse (no swap, the default), keep or drop.")
    private Untold untold = Untold.refuse;

    @Mixin
    private Order order;

    @Mixin
    private final Target target;

    @Spec
    private CommandSpec spec;

    private final Follower follower;

    RebuildCommand(Target target, Follower follower) {
        this.target = target;
        this.follower = follower;
    }

    @Override
    public Integer call() throws InterruptedException {
        return order.place(spec.commandLine(), target, follower, "/api/rebuilds", "?untold=" + untold);
    }
}
