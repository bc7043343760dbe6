package dev.treering.enrichment;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

import dev.treering.Database;
import dev.treering.simulation.Job;
import dev.treering.simulation.Run;
import dev.treering.simulation.Workflow;

/** What CircleCI knows of runs that are over, compared with the history. */
final class Truth {

    private Truth() {}

    /** A line for each thing that is not in the history as it was. */
    static List<String> missing(Database database, List<Run> runs) {
        Map<String, String> truth = new TreeMap<>();
        for (Run run : runs) {
            truth.put("pipeline " + run.id(), Long.toString(run.number()));
            for (Workflow workflow : run.workflows()) {
                truth.put(
                        "workflow " + workflow.id(),
                        "%s %d"
                                .formatted(
                                        workflow.outcome(), workflow.stoppedAt().getEpochSecond()));
                for (Job job : workflow.jobs()) {
                    truth.put("job " + job.id(), job.outcome() + (job.number().isPresent() ? " known" : ""));
                }
            }
        }
        String ids = runs.stream().map(run -> "'" + run.id() + "'").collect(Collectors.joining(","));
        Map<String, String> history = new TreeMap<>();
        history.putAll(
                database.map("select 'pipeline ' || id, number from pipeline where state is not null and id in (%s)"
                        .formatted(ids)));
        history.putAll(database.map("""
                select 'workflow ' || id, status || ' ' || floor(extract(epoch from stopped_at))::bigint from workflow
                where details_stamp is not null and pipeline_id in (%s)""".formatted(ids)));
        history.putAll(database.map("""
                select 'job ' || id, status || case when execution_stamp is null then '' else ' known' end from job
                where pipeline_id in (%s)""".formatted(ids)));
        List<String> missing = new ArrayList<>();
        truth.forEach((what, was) -> {
            if (!was.equals(history.get(what))) {
                missing.add("%s should be %s, but is %s".formatted(what, was, history.get(what)));
            }
        });
        history.keySet().stream()
                .filter(what -> !truth.containsKey(what))
                .forEach(what -> missing.add(what + " never was"));
        return missing;
    }
}
