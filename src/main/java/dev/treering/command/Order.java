package dev.treering.command;

import java.util.UUID;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Asks for long work: what every such command can be told, and what it shows. */
final class Order {

    @Option(names = "--dry-run", description = "Print what there would be to do, and do nothing.")
    private boolean dryRun;

    @Option(names = "--no-wait", description = "Print the task's id and end; it goes on.")
    private boolean noWait;

    @Option(names = "--json", description = "Print Treering's answer and end; a task that was started goes on.")
    private boolean json;

    int place(CommandLine line, Target target, Follower follower, String path, String query)
            throws InterruptedException {
        Service service = target.service();
        String dry = dryRun ? (query.isEmpty() ? "?" : "&") + "dry_run=true" : "";
        JsonNode answer = service.ask("POST", path + query + dry, null, JsonNode.class);
        if (json) {
            line.getOut().println(answer);
            return 0;
        }
        Task task = service.read(answer, Task.class);
        if (noWait && !dryRun) {
            line.getOut().println(task.id());
            return 0;
        }
        line.getOut()
                .println((dryRun ? "There would be " : "Task " + task.id() + ": ")
                        + task.plan().line());
        return dryRun ? 0 : follower.follow(line, service, task, path(task.id()), goesOn(target, task.id()));
    }

    static String path(UUID id) {
        return "/api/tasks/" + id;
    }

    static String goesOn(Target target, UUID id) {
        return "The task goes on without this command. To see it again: task %s%s (--cancel ends it)"
                .formatted(id, target.option());
    }
}
