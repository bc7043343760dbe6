package dev.treering.simulation;

/** Where a person would look at it in CircleCI's web application. */
final class Addresses {

    private Addresses() {}

    static String workflow(Run run, Workflow workflow) {
        return "https://app.circleci.com/pipelines/" + run.project().longSlug() + "/" + run.number() + "/workflows/"
                + workflow.id();
    }

    static String job(Run run, Workflow workflow, long number) {
        return workflow(run, workflow) + "/jobs/" + number;
    }

    static String artifact(Job job, int node, String path) {
        return "https://output.circle-artifacts.com/output/job/" + job.id() + "/artifacts/" + node + "/" + path;
    }
}
