package dev.treering.history;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Columns that are said together and replaced together. A fact that says nothing of a group leaves it alone, so what
 * one kind of fact never knows (a webhook the tag, the API the author) stands in a group of its own.
 */
enum Group {
    PROJECT_IDENTITY(
            Table.PROJECT, "identity", "slug text", "name text", "organization_id uuid", "organization_name text"),
    PROJECT_DETAILS(Table.PROJECT, "details", "vcs_url text", "vcs_provider text", "default_branch text"),

    PIPELINE_IDENTITY(Table.PIPELINE, "identity", "project_id uuid", "number bigint", "created_at timestamptz"),
    PIPELINE_TRIGGER(Table.PIPELINE, "trigger", "trigger_type text"),
    PIPELINE_PARAMETERS(Table.PIPELINE, "parameters", "trigger_parameters jsonb"),
    PIPELINE_REF(Table.PIPELINE, "ref", "branch text", "tag text"),
    PIPELINE_CHECKOUT(
            Table.PIPELINE,
            "checkout",
            "revision text",
            "vcs_provider text",
            "origin_repository_url text",
            "target_repository_url text"),
    PIPELINE_COMMIT(Table.PIPELINE, "commit", "commit_subject text", "commit_body text"),
    PIPELINE_AUTHOR(
            Table.PIPELINE,
            "author",
            "author_name text",
            "author_email text",
            "authored_at timestamptz",
            "committer_name text",
            "committer_email text",
            "committed_at timestamptz"),
    PIPELINE_DETAILS(
            Table.PIPELINE,
            "details",
            "state text",
            "updated_at timestamptz",
            "errors jsonb",
            "trigger_received_at timestamptz",
            "trigger_actor_login text",
            "trigger_actor_avatar text",
            "review_id text",
            "review_url text"),
    PIPELINE_CONFIG(Table.PIPELINE, "config", "config_source text", "config_compiled text"),

    WORKFLOW_IDENTITY(
            Table.WORKFLOW, "identity", "project_id uuid", "pipeline_id uuid", "name text", "created_at timestamptz"),
    WORKFLOW_LINK(Table.WORKFLOW, "link", "url text"),
    WORKFLOW_PROGRESS(Table.WORKFLOW, "progress", "status text", "stopped_at timestamptz"),
    WORKFLOW_DETAILS(
            Table.WORKFLOW,
            "details",
            "started_by uuid",
            "canceled_by uuid",
            "errored_by uuid",
            "tag text",
            "auto_rerun_number int",
            "max_auto_reruns int"),

    JOB_IDENTITY(Table.JOB, "identity", "project_id uuid", "pipeline_id uuid", "name text"),
    JOB_NUMBER(Table.JOB, "number", "number bigint"),
    JOB_WORKFLOW(Table.JOB, "workflow", "workflow_id uuid"),
    JOB_PROGRESS(Table.JOB, "progress", "status text", "started_at timestamptz", "stopped_at timestamptz"),
    JOB_DETAILS(
            Table.JOB,
            "details",
            "type text",
            "dependencies jsonb",
            "approved_by uuid",
            "canceled_by uuid",
            "approval_request_id uuid"),
    JOB_EXECUTION(
            Table.JOB,
            "execution",
            "web_url text",
            "created_at timestamptz",
            "queued_at timestamptz",
            "duration_ms bigint",
            "parallelism int",
            "resource_class text",
            "executor_type text",
            "parallel_runs jsonb",
            "contexts jsonb",
            "messages jsonb"),
    JOB_TESTS(Table.JOB, "tests", "tests_total int", "tests_failed int", "tests_skipped int", "test_failures jsonb"),
    JOB_ARTIFACTS(Table.JOB, "artifacts", "artifacts jsonb");

    private static final String STAMP = "_stamp";

    final Table table;
    final String stampColumn;
    final List<Column> columns;

    record Column(String name, String type) {

        private static final Set<String> INDEXED = Set.of("slug", "name", "branch", "revision", "trigger_actor_login");
        // In characters; an entry of an index has room for 2,704 bytes. No branch or slug comes near.
        private static final int LONGEST_INDEXED = 600;
        // The words of a subject have room for 1 MB, in which each takes up to ten bytes more than its letters.
        private static final int LONGEST_SUBJECT = 80_000;
        private static final Pattern NUL_IN_JSON = Pattern.compile("(?<!\\\\)(?:\\\\\\\\)*\\\\u0000");

        /** Whether PostgreSQL can store the value: no text there holds NUL, and what is indexed is short. */
        boolean holds(Object value) {
            if (!(value instanceof String text)) {
                return true;
            }
            return type.equals("jsonb")
                    ? !NUL_IN_JSON.matcher(text).find()
                    : text.indexOf(0) < 0 && text.length() <= longest();
        }

        private int longest() {
            return INDEXED.contains(name)
                    ? LONGEST_INDEXED
                    : name.equals("commit_subject") ? LONGEST_SUBJECT : Integer.MAX_VALUE;
        }
    }

    Group(Table table, String name, String... columns) {
        this.table = table;
        this.stampColumn = name + STAMP;
        this.columns = Stream.of(columns)
                .map(column -> column.split(" "))
                .map(words -> new Column(words[0], words[1]))
                .toList();
    }

    /** Its name within its table: {@code progress}. */
    String word() {
        return stampColumn.substring(0, stampColumn.length() - STAMP.length());
    }
}
