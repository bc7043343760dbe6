package dev.treering.notification;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.support.Problem;
import dev.treering.support.Rows;

/** Rules and silences, kept as the documents that people send. */
@ApplicationScoped
class Rules {

    private static final int MOST = 200;
    private static final String UNIQUE = "23505";

    private final DataSource database;
    private final Clock clock;

    Rules(DataSource database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    /** The oldest first. */
    List<Rule> all(Connection connection) throws SQLException {
        return Records.documents(
                connection,
                Rule.class,
                "select document from notification_rule order by document ->> 'created_at', id");
    }

    List<Rule> all() throws SQLException {
        try (Connection connection = database.getConnection()) {
            return all(connection);
        }
    }

    Optional<Rule> find(UUID id) throws SQLException {
        return all().stream().filter(rule -> rule.id().equals(id)).findFirst();
    }

    /** Makes a rule or replaces it whole. */
    void save(Rule rule) throws SQLException {
        try {
            Rows.inTransaction(database, connection -> {
                mustBeKnown(connection, rule.channels());
                String sql = """
                        insert into notification_rule (id, document) values (?, ?::jsonb)
                        on conflict (id) do update set document = excluded.document""";
                Rows.execute(connection, sql, rule.id(), Records.write(rule));
                mustFit(all(connection));
            });
        } catch (SQLException e) {
            if (UNIQUE.equals(e.getSQLState())) {
                throw new Problem(409, "There is a rule of this name; give another, or change that one");
            }
            throw e;
        }
    }

    private static void mustFit(List<?> all) {
        if (all.size() > MOST) {
            throw new Problem(409, "There are %d already; end what is not needed any more".formatted(MOST));
        }
    }

    private static void mustBeKnown(Connection connection, List<UUID> channels) throws SQLException {
        Set<UUID> unknown = new HashSet<>(channels == null ? List.of() : channels);
        Records.documents(connection, UUID.class, "select to_jsonb(id) from notification_channel")
                .forEach(unknown::remove);
        if (!unknown.isEmpty()) {
            throw Problem.badRequest("'channels': there is no channel " + unknown);
        }
    }

    boolean delete(UUID id) throws SQLException {
        return Rows.execute(database, "delete from notification_rule where id = ?", id) > 0;
    }

    /** Ended ones too: they explain what was not told. */
    List<Silence> silences(Connection connection) throws SQLException {
        return Records.documents(
                connection, Silence.class, "select document from notification_silence order by ends_at desc, id");
    }

    List<Silence> silences() throws SQLException {
        try (Connection connection = database.getConnection()) {
            return silences(connection);
        }
    }

    void save(Silence silence) throws SQLException {
        Rows.inTransaction(database, connection -> {
            Rows.execute(
                    connection,
                    "insert into notification_silence (id, ends_at, document) values (?, ?, ?::jsonb)",
                    silence.id(),
                    Records.time(silence.endsAt()),
                    Records.write(silence));
            mustFit(silences(connection).stream()
                    .filter(one -> one.endsAt().isAfter(clock.instant()))
                    .toList());
        });
    }

    /** Ends a silence now, where it has not ended. */
    boolean end(UUID id) throws SQLException {
        Object now = Records.time(clock.instant());
        String sql = """
                update notification_silence
                set ends_at = ?, document = jsonb_set(document, '{ends_at}', to_jsonb(?::text)) where id = ? and ends_at > ?""";
        return Rows.execute(database, sql, now, clock.instant().toString(), id, now) > 0;
    }
}
