package dev.treering.notification;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;

import dev.treering.event.Cause;
import dev.treering.notification.Decider.Occasion;
import dev.treering.notification.Policy.Told;
import dev.treering.notification.Verdict.Reason;
import dev.treering.support.Rows;

import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;

/** One round of deciding, in one transaction: judge each occasion, put together what belongs together, write it all down. */
final class Round {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    private static final String TOLD = """
            select distinct on (rule_id, key) rule_id, key, to_jsonb(d) as told from notification_decision d where key = any(?::uuid[]) and message_id is not null
            order by rule_id, key, pipeline_created_at desc, created_at desc, decided_at desc""";

    private static final String RECENT = """
            select count(distinct message_id) as messages, min(decided_at) as first from notification_decision
            where channel_id = ? and message_id is not null and decided_at > ?""";

    private static final String RECORD = """
            insert into notification_decision (workflow_id, rule_id, channel_id, reason, detail, message_id, decided_at, key,
                pipeline_created_at, created_at)
            select * from unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::uuid[], ?::timestamptz[],
                ?::uuid[], ?::timestamptz[], ?::timestamptz[])
            on conflict (workflow_id, rule_id, channel_id) do update set (reason, detail, message_id, decided_at) =
                (excluded.reason, excluded.detail, excluded.message_id, excluded.decided_at)""";

    /** @param channelId null for all channels */
    private record Place(UUID workflowId, UUID ruleId, UUID channelId) {}

    /** What is to be told, or not. */
    private record Telling(Occasion occasion, Rule rule, Run run) {

        UUID id() {
            return Composer.id(rule, run);
        }

        Object news() {
            return List.of(run.id(), rule.kind());
        }

        List<UUID> key() {
            return List.of(rule.id(), run.key());
        }
    }

    private final Connection connection;
    private final NotificationConfig config;
    private final Deliveries deliveries;
    private final Rules rules;
    private final Policy policy;
    private final Composer composer;
    private final Instant now;
    private final Map<Occasion, Instant> dues = new LinkedHashMap<>();
    private final List<Object[]> decisions = new ArrayList<>();
    private final Map<Reason, Integer> counts = new EnumMap<>(Reason.class);
    private final Map<UUID, List<Telling>> tellings = new TreeMap<>();

    Round(
            Connection connection,
            NotificationConfig config,
            Deliveries deliveries,
            Rules rules,
            List<Occasion> due,
            Instant now) {
        this.connection = connection;
        this.config = config;
        this.deliveries = deliveries;
        this.rules = rules;
        this.policy = new Policy(config.groupWait(), config.maxAge(), config.repeatInterval());
        this.composer = new Composer(connection, now);
        this.now = now;
        due.forEach(occasion -> dues.put(occasion, null));
    }

    /** When to ask again of each occasion; null for never. */
    Map<Occasion, Instant> dues() {
        return dues;
    }

    /** How many were decided, by reason. */
    Map<Reason, Integer> counts() {
        return counts;
    }

    private void askAgain(Occasion occasion, Instant at) {
        dues.merge(occasion, at, (one, other) -> one.isBefore(other) ? one : other);
    }

    private Set<UUID> workflows() {
        return dues.keySet().stream().map(Occasion::workflowId).collect(toSet());
    }

    void judge() throws SQLException {
        Set<UUID> workflows = workflows();
        Map<UUID, Run> runs =
                Runs.now(connection, workflows, now).stream().collect(toMap(Run::id, Function.identity()));
        List<Rule> enabled =
                rules.all(connection).stream().filter(Rule::enabled).toList();
        List<Silence> silences = rules.silences(connection);
        Map<UUID, Boolean> channels = channels();
        forget();
        Set<Place> decided = decided(workflows);
        Map<List<UUID>, Told> told = told(runs.values());
        List<Occasion> known = dues.keySet().stream()
                .filter(occasion -> runs.containsKey(occasion.workflowId()))
                .sorted(Comparator.comparing(occasion -> runs.get(occasion.workflowId()), Run.ORDER))
                .toList();
        for (Occasion occasion : known) {
            Run run = runs.get(occasion.workflowId());
            for (Rule rule : enabled) {
                if (occasion.held() == (rule.kind() == Rule.Kind.NEEDS_APPROVAL)
                        && !decided.contains(new Place(run.id(), rule.id(), null))) {
                    Telling telling = new Telling(occasion, rule, run);
                    Verdict verdict = policy.judge(rule, run, told.get(telling.key()), silences, now);
                    if (verdict.reason() == Reason.TOLD) {
                        told.put(telling.key(), Told.of(run, now));
                        choose(telling, channels, decided);
                    } else {
                        leave(telling, verdict);
                    }
                }
            }
        }
        // An event comes after its row; where that is away, the history is being regrown.
        dues.keySet().stream()
                .filter(occasion -> !runs.containsKey(occasion.workflowId()))
                .filter(occasion -> occasion.notedAt().plus(config.maxAge()).isAfter(now))
                .toList()
                .forEach(occasion -> askAgain(occasion, now.plus(MINUTE)));
    }

    private void leave(Telling telling, Verdict verdict) {
        switch (verdict.reason()) {
            case WAITS -> askAgain(telling.occasion, verdict.again());
            // Whoever asks finds these out again from the rule and the run.
            case PATTERN, TRANSITION -> {}
            default -> decide(telling, null, verdict.reason(), verdict.detail(), null);
        }
    }

    private void decide(Telling telling, UUID channel, Reason reason, String detail, UUID message) {
        Run run = telling.run;
        counts.merge(reason, 1, Integer::sum);
        decisions.add(new Object[] {
            run.id(),
            telling.rule.id(),
            channel,
            reason,
            detail,
            message,
            now,
            run.key(),
            run.pipelineCreatedAt(),
            run.createdAt()
        });
    }

    private void choose(Telling telling, Map<UUID, Boolean> channels, Set<Place> decided) {
        Collection<UUID> wanted = telling.rule.channels() == null ? channels.keySet() : telling.rule.channels();
        if (wanted.isEmpty()) {
            decide(telling, null, Reason.NO_CHANNEL, "there is none yet", null);
        }
        for (UUID channel : new HashSet<>(wanted)) {
            if (decided.contains(new Place(telling.run.id(), telling.rule.id(), channel))) {
                continue;
            }
            if (channels.getOrDefault(channel, false)) {
                tellings.computeIfAbsent(channel, id -> new ArrayList<>()).add(telling);
            } else {
                decide(telling, channel, Reason.CHANNEL_OFF, "it is off or gone", null);
            }
        }
    }

    private record Channel(UUID id, boolean isOn) {}

    /** All channels, and whether each is on. */
    private Map<UUID, Boolean> channels() throws SQLException {
        String sql = "select id, disabled_at is null as is_on from notification_channel";
        return Records.list(connection, Channel.class, sql).stream().collect(toMap(Channel::id, Channel::isOn));
    }

    private Set<Place> decided(Set<UUID> workflows) throws SQLException {
        String sql =
                "select workflow_id, rule_id, channel_id from notification_decision where workflow_id = any(?::uuid[])";
        return new HashSet<>(Records.list(connection, Place.class, sql, Records.ids(workflows)));
    }

    /** What is decided anew: what was held back, and a hold that was over, for the workflow may wait for another approval. */
    private void forget() throws SQLException {
        String sql = """
                delete from notification_decision d using unnest(?::uuid[], ?::boolean[]) as due (workflow_id, held)
                where d.workflow_id = due.workflow_id and (reason = 'rate' or reason = 'overtaken' and held
                    and rule_id in (select id from notification_rule where document ->> 'kind' = 'needs_approval'))""";
        Rows.update(
                connection,
                sql,
                dues.keySet().stream()
                        .map(occasion -> new Object[] {occasion.workflowId(), occasion.held()})
                        .toList());
    }

    private record Last(UUID ruleId, UUID key, Told told) {}

    private Map<List<UUID>, Told> told(Collection<Run> runs) throws SQLException {
        Set<UUID> keys = runs.stream().map(Run::key).collect(toSet());
        return Records.list(connection, Last.class, TOLD, Records.ids(keys)).stream()
                .collect(toMap(last -> List.of(last.ruleId, last.key), Last::told));
    }

    void tell() throws SQLException {
        for (var channel : tellings.entrySet()) {
            tell(channel.getKey(), channel.getValue());
        }
    }

    private record Recent(int messages, Instant first) {}

    private void tell(UUID channel, List<Telling> wanted) throws SQLException {
        Map<UUID, List<Telling>> pipelines = new LinkedHashMap<>();
        wanted.forEach(telling -> pipelines
                .computeIfAbsent(telling.run.pipelineId(), id -> new ArrayList<>())
                .add(telling));
        Recent recent = Records.list(connection, Recent.class, RECENT, channel, Records.time(now.minus(MINUTE)))
                .get(0);
        int slots = config.rate() - recent.messages;
        if (slots <= 0) {
            Instant again = recent.first.plus(MINUTE);
            for (Telling telling : wanted) {
                decide(telling, channel, Reason.RATE, "it follows after " + again, null);
                askAgain(telling.occasion, again);
            }
            return;
        }
        List<List<Telling>> groups = new ArrayList<>(pipelines.values());
        // The last message that the minute has room for takes all that is left.
        int alone = groups.size() <= slots ? groups.size() : slots - 1;
        for (List<Telling> group : groups.subList(0, alone)) {
            tell(channel, group, true);
        }
        if (alone < groups.size()) {
            tell(
                    channel,
                    groups.subList(alone, groups.size()).stream()
                            .flatMap(List::stream)
                            .toList(),
                    false);
        }
    }

    private void tell(UUID channel, List<Telling> group, boolean pipeline) throws SQLException {
        // Where two rules mean the same, the first tells it.
        Map<Object, Telling> once = new LinkedHashMap<>();
        group.stream()
                .sorted(Comparator.comparing(telling -> telling.rule.kind()))
                .forEach(telling -> once.putIfAbsent(telling.news(), telling));
        List<UUID> ids = once.values().stream().map(Telling::id).toList();
        List<Message> told = new ArrayList<>();
        for (Telling telling :
                once.values().stream().limit(config.summarySize()).toList()) {
            told.add(composer.message(telling.rule, telling.run));
        }
        Message message = ids.size() == 1 ? told.get(0) : composer.summary(channel, ids, told, pipeline);
        // Of several the one that has waited longest.
        Cause cause = group.stream()
                .map(telling -> telling.occasion.cause())
                .min(Comparator.comparing(Cause::receivedAt, Comparator.nullsLast(Comparator.naturalOrder())))
                .orElse(Cause.NONE);
        deliveries.add(connection, channel, message, cause);
        for (Telling telling : group) {
            if (once.get(telling.news()) != telling) {
                decide(telling, channel, Reason.GROUPED, "another rule told it", message.id());
            } else if (ids.size() == 1) {
                decide(telling, channel, Reason.TOLD, null, message.id());
            } else {
                decide(
                        telling,
                        channel,
                        Reason.GROUPED,
                        "one of %d in one message".formatted(ids.size()),
                        message.id());
            }
        }
    }

    void record() throws SQLException {
        Rows.update(connection, RECORD, decisions);
    }
}
