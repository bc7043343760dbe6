package dev.treering.simulation;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.LongStream;

/**
 * What happens in three fictional projects: {@code gh/acme/web} is always green, {@code gh/acme/api} breaks on main, stays broken
 * once and recovers, and {@code deploy} (through the GitHub App) is cancelled, approved and run again in turn.
 *
 * <p>A run is a function of the seed, its project and number, and its start; the pace stretches the jobs, which take seconds.
 */
public final class Scenarios {

    private static final int HISTORY_RUNS = 60;
    private static final Duration HISTORY_STEP = Duration.ofHours(4);
    private static final int HISTORY_PACE = 20;
    private static final int LIVE_PACE = 1;
    private static final int JOB_NUMBERS_A_RUN = 10;
    private static final int WIDEST = 1_000;
    private static final String MAIN = "main";
    private static final String ACME = "acme";
    private static final Job.Machine NOWHERE = new Job.Machine("", 1, List.of());

    private final SeededIds ids;
    private final Project web;
    private final Project api;
    private final Project deploy;
    private final Project mono;

    public Scenarios(long seed) {
        this(seed, ACME, "Hq7mZt3KxWv9RbN2cYpL4d");
    }

    /** The same in an organization of that name, whose projects are nobody else's. */
    public Scenarios(long seed, String organization) {
        this(seed, organization, organization);
    }

    private Scenarios(long seed, String organization, String opaqueOrganization) {
        this.ids = new SeededIds(seed);
        this.web = project("gh/%s/web".formatted(organization), "web");
        this.api = project("gh/%s/api".formatted(organization), "api");
        this.deploy = project("circleci/%s/Vf8sJw5TgXe1MuA6kDyQ3n".formatted(opaqueOrganization), "deploy");
        this.mono = project("gh/%s/mono".formatted(organization), "mono");
    }

    public Project web() {
        return web;
    }

    public Project api() {
        return api;
    }

    public Project deploy() {
        return deploy;
    }

    public Project mono() {
        return mono;
    }

    /** Runs of the last days, oldest first, as if the simulation had been going on for long; the first live run follows. */
    List<Run> history(Instant now) {
        return LongStream.range(0, HISTORY_RUNS)
                .mapToObj(index -> run(index, now.minus(HISTORY_STEP.multipliedBy(HISTORY_RUNS - index)), HISTORY_PACE))
                .toList();
    }

    Run live(long index, Instant start) {
        return run(index, start, LIVE_PACE);
    }

    /** Always green, on main or on a branch. */
    public Run green(long number, Instant start) {
        return green(number, start, LIVE_PACE);
    }

    /** Of eight runs, the fourth breaks main, the fifth leaves it broken, the sixth repairs it; a branch fails, too. */
    public Run breaking(long number, Instant start) {
        return breaking(number, start, LIVE_PACE);
    }

    /** Three parallel jobs, cancelled while they run: four workflow-completed. */
    public Run cancelled(long number, Instant start) {
        return cancelled(number, start, LIVE_PACE);
    }

    /** Waits for a person between build and release. */
    public Run approved(long number, Instant start) {
        return approved(number, start, LIVE_PACE);
    }

    /** Fails, and is run again from the start: a second workflow of the same name in the same pipeline. */
    public Run rerun(long number, Instant start) {
        return rerun(number, start, LIVE_PACE);
    }

    /**
     * A green run of one workflow with so many jobs, all with a number: a build, then tests side by side. It belongs to a
     * project of its own, {@code gh/acme/mono}, which plays no part in the demo.
     */
    public Run wide(long number, Instant start, int jobs) {
        if (jobs < 1 || jobs > WIDEST) {
            throw new IllegalArgumentException("A run must have 1 to " + WIDEST + " jobs, not " + jobs + ".");
        }
        Draft draft = new Draft(mono, number, start, LIVE_PACE, WIDEST);
        List<Step> steps = new ArrayList<>(List.of(Step.job("build", 4, "medium")));
        for (int job = 1; job < jobs; job++) {
            steps.add(Step.job("tests-" + job, 5, "medium").after("build"));
        }
        return draft.run(MAIN, "Test everything", draft.workflow("build-and-test", draft.start(), steps));
    }

    private Run run(long index, Instant start, int pace) {
        long number = index / 3 + 1;
        return switch ((int) (index % 3)) {
            case 0 -> green(number, start, pace);
            case 1 -> breaking(number, start, pace);
            default ->
                switch ((int) (number % 3)) {
                    case 0 -> rerun(number, start, pace);
                    case 1 -> cancelled(number, start, pace);
                    default -> approved(number, start, pace);
                };
        };
    }

    private Run green(long number, Instant start, int pace) {
        Draft draft = new Draft(web, number, start, pace);
        String branch = number % 3 == 0 ? "feature/new-header" : MAIN;
        List<Step> steps = List.of(
                Step.job("lint", 4, "small"),
                Step.job("unit-tests", 7, "medium").inParallel(4),
                Step.job("browser-tests", 9, "large").after("lint"),
                Step.job("publish", 5, "medium")
                        .after("unit-tests", "browser-tests")
                        .with("npm-publish", "cdn"));
        return draft.run(branch, "Polish the header", draft.workflow("build-test-publish", draft.start(), steps));
    }

    private Run breaking(long number, Instant start, int pace) {
        Draft draft = new Draft(api, number, start, pace);
        int step = (int) (number % 8);
        String branch = step == 2 || step == 7 ? "feature/paging" : MAIN;
        String outcome = step == 4 || step == 5 || step == 7 ? "failed" : "success";
        List<Step> steps = List.of(
                Step.job("build", 6, "medium"),
                Step.job("unit-tests", 8, "large").after("build").inParallel(2).ending(outcome),
                Step.job("contract-tests", 6, "medium").after("build").with("staging"),
                Step.job("package", 4, "medium").after("unit-tests", "contract-tests"));
        return draft.run(branch, "Answer in pages", draft.workflow("build-and-test", draft.start(), steps));
    }

    private Run approved(long number, Instant start, int pace) {
        Draft draft = new Draft(deploy, number, start, pace);
        List<Step> steps = List.of(
                Step.job("build", 5, "medium"),
                Step.approval("hold", 6).after("build"),
                Step.job("release", 7, "arm.medium").after("hold").with("production"));
        return draft.run(MAIN, "Release", draft.workflow("release", draft.start(), steps));
    }

    private Run rerun(long number, Instant start, int pace) {
        Draft draft = new Draft(deploy, number, start, pace);
        Workflow failed = draft.workflow(
                "smoke", draft.start(), List.of(Step.job("build", 4, "medium"), smoke("failed"), afterSmoke()));
        Workflow again = draft.workflow(
                "smoke",
                failed.stoppedAt().plusSeconds(3L * pace),
                List.of(Step.job("build", 4, "medium"), smoke("success"), afterSmoke()));
        return draft.run(MAIN, "Try the smoke tests", failed, again);
    }

    private static Step smoke(String outcome) {
        return Step.job("smoke-tests", 6, "medium").after("build").ending(outcome);
    }

    private static Step afterSmoke() {
        return Step.job("tag", 3, "small").after("smoke-tests");
    }

    private Run cancelled(long number, Instant start, int pace) {
        Draft draft = new Draft(deploy, number, start, pace);
        Workflow workflow = draft.cancelledWorkflow("fan-out", List.of("deploy-asia", "deploy-europe", "deploy-us"));
        return draft.run("feature/regions", "Deploy to every region", workflow);
    }

    private Project project(String slug, String name) {
        return new Project(
                ids.entity("project/" + slug),
                slug,
                name,
                ids.entity("organization/" + slug.substring(0, slug.lastIndexOf('/'))),
                ids.entity("webhook/" + slug),
                ids.entity("owner"));
    }

    /** A job as the configuration would describe it. */
    private record Step(
            String name, boolean approval, int seconds, String outcome, Job.Machine machine, List<String> after) {

        static Step job(String name, int seconds, String resourceClass) {
            return new Step(name, false, seconds, "success", new Job.Machine(resourceClass, 1, List.of()), List.of());
        }

        static Step approval(String name, int seconds) {
            return new Step(name, true, seconds, "success", NOWHERE, List.of());
        }

        Step after(String... names) {
            return new Step(name, approval, seconds, outcome, machine, List.of(names));
        }

        Step inParallel(int containers) {
            return on(new Job.Machine(machine.resourceClass(), containers, machine.contexts()));
        }

        Step with(String... contexts) {
            return on(new Job.Machine(machine.resourceClass(), machine.parallelism(), List.of(contexts)));
        }

        Step ending(String other) {
            return new Step(name, approval, seconds, other, machine, after);
        }

        private Step on(Job.Machine other) {
            return new Step(name, approval, seconds, outcome, other, after);
        }
    }

    /** One run in the making: it hands out job numbers and chances in order. */
    private final class Draft {

        private final Project project;
        private final long number;
        private final Instant start;
        private final int pace;
        private final String key;
        private final SplittableRandom random;
        private long nextJob;
        private int workflows;

        Draft(Project project, long number, Instant start, int pace) {
            this(project, number, start, pace, JOB_NUMBERS_A_RUN);
        }

        Draft(Project project, long number, Instant start, int pace, int jobNumbersARun) {
            this.project = project;
            this.number = number;
            this.start = start.truncatedTo(ChronoUnit.MILLIS);
            this.pace = pace;
            this.key = project.slug() + "/" + number;
            this.random = ids.random(key);
            this.nextJob = number * jobNumbersARun;
        }

        Instant start() {
            return start.plusMillis(700);
        }

        Run run(String branch, String subject, Workflow... made) {
            Commit commit = new Commit(branch, ids.revision(key), subject, start.minusSeconds(20L * pace));
            return new Run(project, ids.entity("pipeline/" + key), number, start, commit, List.of(made));
        }

        Workflow workflow(String name, Instant created, List<Step> steps) {
            String workflowKey = key + "/" + workflows++;
            List<Job> jobs = new ArrayList<>();
            for (Step step : steps) {
                List<Job> needed = jobs.stream()
                        .filter(job -> step.after().contains(job.name()))
                        .toList();
                jobs.add(job(workflowKey, step, created, needed));
            }
            Instant stopped =
                    jobs.stream().map(Job::stoppedAt).max(Instant::compareTo).orElse(created);
            boolean failed = jobs.stream().anyMatch(job -> job.outcome().equals("failed"));
            return new Workflow(
                    ids.entity("workflow/" + workflowKey),
                    name,
                    created,
                    List.of(stopped),
                    failed ? "failed" : "success",
                    jobs);
        }

        Workflow cancelledWorkflow(String name, List<String> names) {
            String workflowKey = key + "/" + workflows++;
            Instant created = start();
            Instant cancelled = created.plusSeconds(6L * pace);
            List<Instant> stops = new ArrayList<>(List.of(created));
            List<Job> jobs = new ArrayList<>();
            for (String job : names) {
                Instant queued = created.plusMillis(chance(100, 300));
                Instant stopped = cancelled.plusMillis(400L * (jobs.size() + 1));
                Optional<Instant> started = Optional.of(queued.plusMillis(chance(400, 2_500)));
                jobs.add(new Job(
                        ids.entity("job/" + workflowKey + "/" + job),
                        job,
                        false,
                        OptionalLong.of(nextJob++),
                        List.of(),
                        created,
                        queued,
                        started,
                        stopped,
                        "canceled",
                        new Job.Machine("medium", 1, List.of("production"))));
                stops.add(stopped);
            }
            return new Workflow(ids.entity("workflow/" + workflowKey), name, created, stops, "canceled", jobs);
        }

        private Job job(String workflowKey, Step step, Instant created, List<Job> needed) {
            UUID id = ids.entity("job/" + workflowKey + "/" + step.name());
            List<UUID> dependencies = needed.stream().map(Job::id).toList();
            Instant ready =
                    needed.stream().map(Job::stoppedAt).max(Instant::compareTo).orElse(created);
            if (needed.stream().anyMatch(job -> !job.outcome().equals("success"))) {
                return new Job(
                        id,
                        step.name(),
                        step.approval(),
                        OptionalLong.empty(),
                        dependencies,
                        created,
                        ready,
                        Optional.empty(),
                        ready,
                        "not_run",
                        step.machine());
            }
            Instant queued = ready.plusMillis(chance(50, 250));
            Instant started = step.approval() ? queued : queued.plusMillis(chance(300, 2_500));
            return new Job(
                    id,
                    step.name(),
                    step.approval(),
                    step.approval() ? OptionalLong.empty() : OptionalLong.of(nextJob++),
                    dependencies,
                    created,
                    queued,
                    Optional.of(started),
                    started.plusMillis(chance(800L * step.seconds(), 1_200L * step.seconds()) * pace),
                    step.outcome(),
                    step.machine());
        }

        private long chance(long least, long most) {
            return random.nextLong(least, most);
        }
    }
}
