package dev.treering.history;

import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.event.PipelineConfig;
import dev.treering.event.Source;
import dev.treering.support.PageToken;

/**
 * What can be asked of the history. Lists run from newest to oldest and are continued after a {@link PageToken} (null
 * for the first page). A row that is only named by others so far is a placeholder, neither listed nor found; parents
 * are joined from the left, so that a placeholder does not hide its children.
 */
@ApplicationScoped
public class History {

    /** A workflow's jobs are one list; no real workflow comes near this. */
    private static final int MOST_JOBS = 1_000;

    private static final String PROJECTS = """
            select p.id, p.slug, p.name, p.organizationId, p.organizationName, p.vcsUrl, p.vcsProvider, p.defaultBranch
            from ProjectEntity p
            where p.identityStamp is not null""";

    private static final String PROJECTS_AND_SLUGS = PROJECTS.replace(" p\n", " p join p.everySlug as once\n");

    /** Those that go by a slug now: where two have had the same, the one that was called so last. */
    private static final String CALLED = PROJECTS
            + " and p.slug is not null and p.identityStamp ="
            + " (select max(q.identityStamp) from ProjectEntity q where q.slug = p.slug)";

    private static final String PIPELINES = """
            select x.id, x.project.id, x.number, p.slug, x.createdAt, x.updatedAt, x.state, x.errors,
                x.triggerType, x.triggerReceivedAt, x.triggerActorLogin, x.triggerActorAvatar, x.triggerParameters,
                x.vcsProvider, x.originRepositoryUrl, x.targetRepositoryUrl, x.revision, x.branch, x.tag,
                x.reviewId, x.reviewUrl, x.commitSubject, x.commitBody
            from PipelineEntity x left join x.project p
            where x.identityStamp is not null""";

    private static final String WORKFLOWS = """
            select x.id, x.project.id, x.name, x.status, x.createdAt, x.stoppedAt, x.pipeline.id, l.number, p.slug,
                x.startedBy, x.canceledBy, x.erroredBy, x.tag, x.autoRerunNumber, x.maxAutoReruns
            from WorkflowEntity x left join x.pipeline l left join x.project p
            where x.identityStamp is not null""";

    private static final String JOBS = """
            select x.id, x.name, x.number, p.slug, x.createdAt, x.startedAt, x.stoppedAt, x.status, x.type, x.dependencies,
                x.approvedBy, x.canceledBy, x.approvalRequestId
            from JobEntity x left join x.project p
            where x.identityStamp is not null""";

    private static final String JOB_DETAILS = """
            select x.number, x.name, x.status, x.createdAt, x.queuedAt, x.startedAt, x.stoppedAt, x.durationMillis,
                x.webUrl, x.project.id, p.slug, p.name, p.vcsUrl, p.organizationName,
                x.pipeline.id, x.workflow.id, w.name, x.parallelism, x.resourceClass, x.executorType,
                x.parallelRuns, x.contexts, x.messages
            from JobEntity x left join x.project p left join x.workflow w
            where x.identityStamp is not null""";

    private static final String JOB_OUTPUTS = """
            select x.testsTotal, x.testsFailed, x.testsSkipped, x.testFailures, x.artifacts from JobEntity x
            where x.identityStamp is not null""";

    /** Before the first page. */
    private static final PageToken TOP = new PageToken(Instant.parse("9999-12-31T00:00:00Z"), new UUID(0, 0), 0);

    /**
     * What Kafka had lost when the history came to read it, ever and in all partitions.
     *
     * @param missed records that were gone unread
     * @param replaced times a log began again below what was read of it
     */
    public record Losses(long missed, long replaced) {}

    public Losses losses() {
        Object[] sums = (Object[]) ProjectEntity.getEntityManager()
                .createNativeQuery("select coalesce(sum(missed), 0), coalesce(sum(replaced), 0) from stream_position")
                .getSingleResult();
        return new Losses(((Number) sums[0]).longValue(), ((Number) sums[1]).longValue());
    }

    /** Facts that could not be read. */
    public long deadLetters() {
        return deadLettersWaiting().letters;
    }

    /** Facts that could not be read, and for how long the oldest of them waits. */
    public record DeadLetters(long letters, double oldestSeconds) {}

    public DeadLetters deadLettersWaiting() {
        Object[] row = (Object[])
                ProjectEntity.getEntityManager().createNativeQuery("""
                        select count(*), coalesce(extract(epoch from now() - min(appended_at)), 0)
                        from dead_letter where resolution is null""").getSingleResult();
        return new DeadLetters(((Number) row[0]).longValue(), ((Number) row[1]).doubleValue());
    }

    /** Until when there is a partition of the trail for what comes; the past where there is none. */
    public Instant partitionsEnd() {
        String newest =
                (String) ProjectEntity.getEntityManager().createNativeQuery("""
                        select coalesce(max(substring(c.relname from 7)), '1970_01')
                        from pg_inherits i join pg_class c on c.oid = i.inhrelid
                        where i.inhparent = to_regclass('trail') and c.relname ~ '^trail_[0-9]+_[0-9]+$'""").getSingleResult();
        return YearMonth.parse(newest.replace('_', '-'))
                .plusMonths(1)
                .atDay(1)
                .atStartOfDay(ZoneOffset.UTC)
                .toInstant();
    }

    /** How many pipelines are in the holes of all projects: a walk over an index. */
    public long missing() {
        return ((Number)
                        PipelineEntity.getEntityManager().createNativeQuery("""
                                select coalesce(sum(missing), 0) from (
                                    select max(number) - min(number) + 1 - count(distinct number) as missing from pipeline
                                    where number is not null group by project_id) as projects""").getSingleResult())
                .longValue();
    }

    /**
     * What came of a project's webhooks.
     *
     * @param recorded those that told something new; {@code duplicates} came again, {@code dead} could not be read
     */
    public record Tally(long received, long recorded, long duplicates, long dead) {}

    public Tally tally(UUID projectId) {
        Map<String, Long> facts = new HashMap<>();
        for (Object row : ProjectEntity.getEntityManager()
                .createNativeQuery("select outcome, facts from project_tally where key = ?1")
                .setParameter(1, projectId.toString())
                .getResultList()) {
            Object[] columns = (Object[]) row;
            facts.put((String) columns[0], ((Number) columns[1]).longValue());
        }
        return new Tally(
                facts.values().stream().mapToLong(Long::longValue).sum(),
                facts.getOrDefault(Trail.Outcome.APPLIED.toString(), 0L),
                facts.getOrDefault(Trail.Outcome.DUPLICATE.toString(), 0L),
                facts.getOrDefault(Trail.Outcome.DEAD.toString(), 0L));
    }

    /** Pipeline numbers, from first to last, of which the history knows nothing although it knows those around them. */
    public record Hole(long first, long last) {

        public LongStream numbers() {
            return LongStream.rangeClosed(first, last);
        }
    }

    /** The holes between a project's oldest and newest pipeline, newest first. CircleCI leaves no number out. */
    public List<Hole> holes(UUID projectId, int limit) {
        List<Hole> holes = new ArrayList<>();
        for (Object row : ProjectEntity.getEntityManager()
                .createNativeQuery("""
                        select number + 1, next - 1 from (
                            select number, lead(number) over (order by number) as next from pipeline
                            where project_id = ?1 and number is not null) as numbers
                        where next > number + 1 order by number desc limit ?2""")
                .setParameter(1, projectId)
                .setParameter(2, limit)
                .getResultList()) {
            Object[] columns = (Object[]) row;
            holes.add(new Hole(((Number) columns[0]).longValue(), ((Number) columns[1]).longValue()));
        }
        return holes;
    }

    /** How many pipelines are in all the holes. */
    public long missing(UUID projectId) {
        Long missing = PipelineEntity.getEntityManager()
                .createQuery(
                        "select max(p.number) - min(p.number) + 1 - count(distinct p.number) from PipelineEntity p"
                                + " where p.project.id = ?1",
                        Long.class)
                .setParameter(1, projectId)
                .getSingleResult();
        return missing == null ? 0 : missing;
    }

    /** Workflows that have not ended, newest first, with when they were created. */
    public Map<UUID, Instant> openWorkflows(int limit) {
        Map<UUID, Instant> open = new LinkedHashMap<>();
        WorkflowEntity.getEntityManager()
                .createQuery("""
                        select x.id, x.createdAt from WorkflowEntity x
                        where x.status in ('running', 'failing', 'on_hold', 'queued') and x.createdAt is not null
                        order by x.createdAt desc""", Object[].class)
                .setMaxResults(limit)
                .getResultList()
                .forEach(row -> open.put((UUID) row[0], (Instant) row[1]));
        return open;
    }

    /** The projects that go by a slug now. */
    public List<ProjectView> projects() {
        return ProjectEntity.find(CALLED).project(ProjectView.class).list();
    }

    /**
     * The projects of an organisation that is called so, else of one that was.
     *
     * @param organization its slug in the short form, {@code gh/acme}
     */
    public List<ProjectView> projects(String organization) {
        String beginning = organization + "/";
        List<ProjectView> found = ProjectEntity.find(CALLED + " and locate(?1, p.slug) = 1", beginning)
                .project(ProjectView.class)
                .list();
        return found.isEmpty()
                ? ProjectEntity.find(
                                CALLED + " and exists (select 1 from p.everySlug once where locate(?1, once) = 1)",
                                beginning)
                        .project(ProjectView.class)
                        .list()
                : found;
    }

    /**
     * The project that an entity is known to belong to; null where none is.
     *
     * @param entity {@code project}, {@code pipeline}, {@code workflow} or {@code job}
     */
    public UUID projectOf(String entity, UUID id) {
        Table table = Table.valueOf(entity.toUpperCase(Locale.ROOT));
        return (UUID) ProjectEntity.getEntityManager()
                .createNativeQuery("select max(%s::text)::uuid from %s where id = ?1"
                        .formatted(table == Table.PROJECT ? "id" : "project_id", table.sqlName()))
                .setParameter(1, id)
                .getSingleResult();
    }

    /** Who said a group of columns, and when: by CircleCI's clock. */
    public record Provenance(Source source, Instant observedAt) {}

    /**
     * Whence each group of an entity's columns comes; empty where the entity is not known.
     *
     * @param entity {@code project}, {@code pipeline}, {@code workflow} or {@code job}
     */
    public Map<String, Provenance> provenance(String entity, UUID id) {
        Table table = Table.valueOf(entity.toUpperCase(Locale.ROOT));
        List<Group> groups = table.groups();
        String stamps = groups.stream().map(group -> group.stampColumn).collect(Collectors.joining(", "));
        Map<String, Provenance> provenance = new LinkedHashMap<>();
        for (Object row : ProjectEntity.getEntityManager()
                .createNativeQuery("select %s from %s where id = ?1".formatted(stamps, table.sqlName()))
                .setParameter(1, id)
                .getResultList()) {
            Object[] columns = (Object[]) row;
            for (int i = 0; i < columns.length; i++) {
                if (columns[i] != null) {
                    provenance.put(groups.get(i).word(), Stamp.provenance((String) columns[i]));
                }
            }
        }
        return provenance;
    }

    /**
     * What a fact told of one row.
     *
     * @param standing the groups of its columns that are as the fact told them
     * @param outweighed those that another fact has told since, or told with more weight
     */
    public record Told(String entity, UUID id, List<String> standing, List<String> outweighed) {}

    /** What a fact of this topic with this body told, and how much of it stands: nothing where it cannot be read. */
    public List<Told> told(String topic, byte[] body) {
        FactReader.Content content = HistoryWriter.judge(Fact.said(topic, body)).content();
        List<Told> told = new ArrayList<>();
        if (content != null) {
            HistoryWriter.merged(content.rows()).forEach((table, rows) -> {
                Map<UUID, Set<String>> standing = stamps(table, rows.keySet());
                rows.forEach((id, row) -> {
                    Map<Boolean, List<String>> groups = row.said().entrySet().stream()
                            .collect(Collectors.partitioningBy(
                                    said -> standing.getOrDefault(id, Set.of())
                                            .contains(said.getKey()
                                                    + said.getValue().stamp()),
                                    Collectors.mapping(said -> said.getKey().word(), Collectors.toList())));
                    if (!row.said().isEmpty()) {
                        told.add(new Told(table.sqlName(), id, groups.get(true), groups.get(false)));
                    }
                });
            });
        }
        return told;
    }

    /** Each group of these rows with the stamp it stands by. */
    private static Map<UUID, Set<String>> stamps(Table table, Set<UUID> ids) {
        List<Group> groups = table.groups();
        String columns = groups.stream().map(group -> ", " + group.stampColumn).collect(Collectors.joining());
        Map<UUID, Set<String>> stamps = new HashMap<>();
        for (Object row : ProjectEntity.getEntityManager()
                .createNativeQuery(
                        "select id%s from %s where id = any(cast(?1 as uuid[]))".formatted(columns, table.sqlName()))
                .setParameter(1, ids.toArray(UUID[]::new))
                .getResultList()) {
            Object[] values = (Object[]) row;
            Set<String> known = stamps.computeIfAbsent((UUID) values[0], id -> new HashSet<>());
            for (int i = 0; i < groups.size(); i++) {
                known.add(groups.get(i) + (String) values[i + 1]);
            }
        }
        return stamps;
    }

    /**
     * The project that is called so, else one that was. After a rename two can have had one slug: the one that was heard
     * of last is meant.
     *
     * @param slug in the short form, as everywhere here
     */
    public Optional<ProjectView> project(String slug) {
        return project(PROJECTS + " and p.slug = ?1", slug)
                .or(() -> project(PROJECTS_AND_SLUGS + " and once = ?1", slug));
    }

    private static Optional<ProjectView> project(String projects, String slug) {
        return ProjectEntity.find(projects + " order by p.identityStamp desc", slug)
                .project(ProjectView.class)
                .page(0, 1)
                .firstResultOptional();
    }

    /**
     * @param branch null for all branches
     * @param login of the actor who started them; null for whoever did
     */
    public List<PipelineView> pipelines(UUID projectId, String branch, String login, PageToken after, int limit) {
        Filter filter = new Filter("x.project.id = :project", Map.of("project", projectId))
                .and("x.branch = :branch", "branch", branch)
                .and("x.triggerActorLogin = :login", "login", login)
                .after(after);
        return PipelineEntity.find(PIPELINES + filter.hql(), filter.values())
                .project(PipelineView.class)
                .page(0, limit)
                .list();
    }

    /** Those of several projects in one list: the newest of each by its index, and the newest of these. */
    public List<PipelineView> pipelines(Collection<UUID> projectIds, String login, PageToken after, int limit) {
        PageToken position = after == null ? TOP : after;
        List<?> ids = PipelineEntity.getEntityManager()
                .createNativeQuery("""
                        select l.id from unnest(cast(:projects as uuid[])) as p (id) cross join lateral (
                            select x.id, x.created_at from pipeline x
                            where x.project_id = p.id and x.identity_stamp is not null
                                and (x.created_at, x.id) < (:createdAt, :id)
                                and (cast(:login as text) is null or x.trigger_actor_login = cast(:login as text))
                            order by x.created_at desc, x.id desc limit :limit) as l
                        order by l.created_at desc, l.id desc limit :limit""")
                .setParameter("projects", projectIds.toArray(UUID[]::new))
                .setParameter("createdAt", position.createdAt())
                .setParameter("id", position.id())
                .setParameter("login", login)
                .setParameter("limit", limit)
                .getResultList();
        return PipelineEntity.find(PIPELINES + " and x.id in ?1 order by x.createdAt desc, x.id desc", ids)
                .project(PipelineView.class)
                .list();
    }

    public Optional<PipelineView> pipeline(UUID id) {
        return PipelineEntity.find(PIPELINES + " and x.id = ?1", id)
                .project(PipelineView.class)
                .firstResultOptional();
    }

    public Optional<PipelineView> pipeline(UUID projectId, long number) {
        return PipelineEntity.find(PIPELINES + " and x.project.id = ?1 and x.number = ?2", projectId, number)
                .project(PipelineView.class)
                .firstResultOptional();
    }

    /** A pipeline's configuration, where it was kept. */
    public Optional<PipelineConfig> pipelineConfig(UUID id) {
        return PipelineEntity.find("""
                        select x.configSource, x.configCompiled from PipelineEntity x
                        where x.id = ?1 and (x.configSource is not null or x.configCompiled is not null)""", id).project(PipelineConfig.class).firstResultOptional();
    }

    public List<WorkflowView> workflows(UUID pipelineId, PageToken after, int limit) {
        Filter filter = new Filter("x.pipeline.id = :pipeline", Map.of("pipeline", pipelineId)).after(after);
        return WorkflowEntity.find(WORKFLOWS + filter.hql(), filter.values())
                .project(WorkflowView.class)
                .page(0, limit)
                .list();
    }

    public Optional<WorkflowView> workflow(UUID id) {
        return WorkflowEntity.find(WORKFLOWS + " and x.id = ?1", id)
                .project(WorkflowView.class)
                .firstResultOptional();
    }

    /** The jobs of a workflow in the order in which they started, those that did not start last. */
    public List<JobView> jobs(UUID workflowId) {
        return JobEntity.find(JOBS + " and x.workflow.id = ?1 order by x.startedAt nulls last, x.id", workflowId)
                .project(JobView.class)
                .page(0, MOST_JOBS)
                .list();
    }

    public Optional<JobDetailView> job(UUID projectId, long number) {
        return job(JOB_DETAILS, JobDetailView.class, projectId, number);
    }

    /** What a job left behind. */
    public Optional<JobOutputView> jobOutput(UUID projectId, long number) {
        return job(JOB_OUTPUTS, JobOutputView.class, projectId, number);
    }

    private static <T> Optional<T> job(String query, Class<T> view, UUID projectId, long number) {
        return JobEntity.find(query + " and x.project.id = ?1 and x.number = ?2", projectId, number)
                .project(view)
                .firstResultOptional();
    }

    /** What a list is narrowed to, and where in it a page starts. */
    private record Filter(String condition, Map<String, Object> values) {

        /** @param value null for no such condition */
        Filter and(String further, String name, Object value) {
            if (value == null) {
                return this;
            }
            Map<String, Object> all = new HashMap<>(values);
            all.put(name, value);
            return new Filter(condition + " and " + further, all);
        }

        Filter after(PageToken position) {
            if (position == null) {
                // CircleCI's webhooks and its API always tell created_at; without it there is no place in the order.
                return new Filter(condition + " and x.createdAt is not null", values);
            }
            Map<String, Object> all = new HashMap<>(values);
            all.put("createdAt", position.createdAt());
            all.put("id", position.id());
            return new Filter(condition + " and (x.createdAt, x.id) < (:createdAt, :id)", all);
        }

        String hql() {
            return " and " + condition + " order by x.createdAt desc, x.id desc";
        }
    }
}
