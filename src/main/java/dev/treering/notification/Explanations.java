package dev.treering.notification;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.notification.Verdict.Reason;

import static java.util.stream.Collectors.toMap;

/** Says of a run what was decided, and where nothing was, why not. */
@ApplicationScoped
class Explanations {

    private static final String DECIDED = """
            select d.rule_id, r.document ->> 'name' as rule, d.reason, d.detail, d.channel_id, d.message_id, x.id as delivery_id, d.decided_at
            from notification_decision d left join notification_rule r on r.id = d.rule_id
                left join notification_delivery x on x.message_id = d.message_id and x.channel_id = d.channel_id
            where d.workflow_id = ? order by r.document ->> 'created_at', d.rule_id, d.decided_at""";

    private final DataSource database;
    private final Rules rules;
    private final NotificationConfig config;
    private final Clock clock;

    Explanations(DataSource database, Rules rules, NotificationConfig config, Clock clock) {
        this.database = database;
        this.rules = rules;
        this.config = config;
        this.clock = clock;
    }

    /**
     * What one rule made of a run.
     *
     * @param rule its name; null where it is gone
     * @param reason told, grouped, or in a word why not
     * @param channelId null for all channels
     * @param messageId null where nothing was told
     */
    public record Explanation(
            UUID ruleId,
            String rule,
            String reason,
            String detail,
            UUID channelId,
            UUID messageId,
            UUID deliveryId,
            Instant decidedAt) {}

    private record Noted(boolean held, Instant notedAt, Instant dueAt) {}

    /** By rule; empty where the history does not know the workflow. */
    Optional<List<Explanation>> of(UUID workflowId) throws SQLException {
        try (Connection connection = database.getConnection()) {
            List<Run> runs = Runs.now(connection, List.of(workflowId), clock.instant());
            if (runs.isEmpty()) {
                return Optional.empty();
            }
            List<Explanation> items = new ArrayList<>(Records.list(connection, Explanation.class, DECIDED, workflowId));
            Set<UUID> explained = new HashSet<>();
            items.forEach(item -> explained.add(item.ruleId));
            Map<Boolean, Noted> noted = noted(connection, workflowId);
            for (Rule rule : rules.all(connection)) {
                if (!explained.contains(rule.id())) {
                    Verdict why = undecided(rule, runs.get(0), noted.get(rule.kind() == Rule.Kind.NEEDS_APPROVAL));
                    items.add(new Explanation(
                            rule.id(), rule.name(), why.reason().toString(), why.detail(), null, null, null, null));
                }
            }
            return Optional.of(items);
        }
    }

    private static Map<Boolean, Noted> noted(Connection connection, UUID workflowId) throws SQLException {
        String sql = "select held, noted_at, due_at from notification_occasion where workflow_id = ?";
        return Records.list(connection, Noted.class, sql, workflowId).stream().collect(toMap(Noted::held, one -> one));
    }

    private Verdict undecided(Rule rule, Run run, Noted noted) {
        if (!rule.enabled()) {
            return Verdict.of(Reason.DISABLED, "the rule is switched off");
        }
        Policy policy = new Policy(config.groupWait(), config.maxAge(), config.repeatInterval());
        Verdict now = policy.judge(rule, run, null, List.of(), noted == null ? clock.instant() : noted.notedAt);
        return switch (now.reason()) {
            case PATTERN, TRANSITION -> now;
            default -> {
                if (noted == null) {
                    yield rule.kind() == Rule.Kind.NEEDS_APPROVAL && now.reason() == Reason.OVERTAKEN
                            ? Verdict.of(Reason.TRANSITION, "it is not known to have waited")
                            : Verdict.of(Reason.UNNOTED, "no event of it was read that told so");
                }
                if (noted.dueAt != null) {
                    yield Verdict.of(Reason.WAITS, "until " + noted.dueAt);
                }
                yield now.reason() == Reason.OLD
                        ? now
                        : Verdict.of(
                                Reason.RULE_IS_NEWER,
                                "it was decided before the rule meant it, after " + noted.notedAt);
            }
        };
    }
}
