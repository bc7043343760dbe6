package dev.treering.command;

import java.util.UUID;
import java.util.concurrent.Callable;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows long work that was started before, or ends it. */
@Command(
        name = "task",
        description = "Shows how far a rebuild, a redrive or a republication is, or ends it.",
        footer = {
            "",
            "Examples:",
            "  task 0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10",
            "  task 0b7a4d52-1c8e-4d0a-9a53-2f0c6d9b7e10 --cancel"
        })
final class TaskCommand implements Callable<Integer> {

    @Parameters(paramLabel = "ID", description = "As it was said when it began.")
    private UUID id;

    @Option(
            names = "--cancel",
            description =
                    "End it. A rebuild leaves the history as it is, but for dead letters redriven by then; others stay where they are.")
    private boolean cancel;

    @Option(names = "--json", description = "Print Treering's answer and end.")
    private boolean json;

    @Mixin
    private final Target target;

    @Spec
    private CommandSpec spec;

    private final Follower follower;

    TaskCommand(Target target, Follower follower) {
        this.target = target;
        this.follower = follower;
    }

    @Override
    public Integer call() throws InterruptedException {
        Service service = target.service();
        JsonNode answer = service.ask(cancel ? "DELETE" : "GET", Order.path(id), null, JsonNode.class);
        Task task = service.read(answer, Task.class);
        if (!json && !cancel) {
            return follower.follow(spec.commandLine(), service, task, Order.path(id), Order.goesOn(target, id));
        }
        spec.commandLine().getOut().println(json ? answer.toString() : task.end());
        return !cancel || task.state().equals("cancelled") ? 0 : 1;
    }
}
