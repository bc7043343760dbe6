package dev.treering.notification;

import java.net.URI;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;

import jakarta.inject.Singleton;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.treering.notification.Channel.Target;
import dev.treering.support.Json;
import dev.treering.support.Notice;
import dev.treering.support.Problem;
import dev.treering.support.Rows;
import dev.treering.support.Vault;
import dev.treering.support.Vault.Locked;

/** The table of channels. Addresses and secrets lie in it sealed, each for its own row. */
@Singleton
class Channels {

    private static final String UNIQUE_VIOLATION = "23505";

    private final DataSource database;
    private final Vault vault;
    private final Notice locked = new Notice();

    Channels(DataSource database, Vault vault) {
        this.database = database;
        this.vault = vault;
    }

    void create(UUID id, String name, String kind, Target target, String by) throws SQLException {
        unlessTaken(
                name,
                () -> Rows.execute(
                        database,
                        "insert into notification_channel (id, name, kind, target, created_by) values (?, ?, ?, ?, ?)",
                        id,
                        name,
                        kind,
                        seal(id, target),
                        by));
    }

    private interface Change {
        void run() throws SQLException;
    }

    private static void unlessTaken(String name, Change change) throws SQLException {
        try {
            change.run();
        } catch (SQLException e) {
            if (UNIQUE_VIOLATION.equals(e.getSQLState())) {
                throw new Problem(409, "There is a channel named '%s' already".formatted(name));
            }
            throw e;
        }
    }

    List<Channel> all() throws SQLException {
        return query("order by name");
    }

    Optional<Channel> find(UUID id) throws SQLException {
        return query("where id = ?", id).stream().findFirst();
    }

    private List<Channel> query(String which, Object... values) throws SQLException {
        List<Channel> channels = new ArrayList<>();
        Rows.each(database, "select * from notification_channel " + which, row -> channels.add(channel(row)), values);
        return channels;
    }

    private Channel channel(ResultSet row) throws SQLException {
        UUID id = row.getObject("id", UUID.class);
        Target target = null;
        try {
            target = open(id, row.getString("target"));
        } catch (Locked e) {
            // Shown as a channel without a target; why, the log says and each attempt.
        }
        return new Channel(
                id,
                row.getString("name"),
                row.getString("kind"),
                target == null ? null : shown(target),
                target == null
                        ? List.of()
                        : target.secrets().stream().map(Signing::id).toList(),
                Rows.instant(row, "created_at"),
                row.getString("created_by"),
                Rows.instant(row, "failing_since"),
                Rows.instant(row, "disabled_at"),
                row.getString("disabled_reason"));
    }

    // The path of a URL is as good as a password.
    private static String shown(Target target) {
        return target.url() == null ? String.join(", ", target.to()) : Guard.host(URI.create(target.url()));
    }

    /** @param name null to leave it, as is {@code enabled} */
    void change(UUID id, String name, Boolean enabled) throws SQLException {
        unlessTaken(
                name,
                () -> Rows.execute(
                        database, "update notification_channel set name = coalesce(?, name) where id = ?", name, id));
        if (enabled != null) {
            Rows.execute(
                    database,
                    enabled
                            ? "update notification_channel set disabled_at = null, disabled_reason = null,"
                                    + " failing_since = null, free_at = now() where id = ?"
                            : "update notification_channel set disabled_at = now(), disabled_reason = 'by hand'"
                                    + " where id = ? and disabled_at is null",
                    id);
        }
    }

    /** Changes what is sealed; nobody else does meanwhile. */
    void retarget(UUID id, UnaryOperator<Target> change) throws SQLException {
        Rows.inTransaction(database, connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement("select target from notification_channel where id = ? for update")) {
                statement.setObject(1, id);
                try (ResultSet row = statement.executeQuery()) {
                    if (row.next()) {
                        String sealed = seal(id, change.apply(openOrEmpty(id, row.getString(1))));
                        Rows.execute(connection, "update notification_channel set target = ? where id = ?", sealed, id);
                    }
                }
            }
        });
    }

    // Who gives an address anew need not know the old one.
    private Target openOrEmpty(UUID id, String sealed) {
        try {
            return open(id, sealed);
        } catch (Locked e) {
            return new Target(null, List.of(), List.of());
        }
    }

    boolean delete(UUID id) throws SQLException {
        return Rows.execute(database, "delete from notification_channel where id = ?", id) > 0;
    }

    /** Seals anew what an older key sealed, so that this key may be taken away; says what no key opens. */
    void reseal() throws SQLException {
        List<String> closed = new ArrayList<>();
        Rows.each(database, "select id, name, target from notification_channel order by name", row -> {
            UUID id = row.getObject("id", UUID.class);
            String sealed = row.getString("target");
            try {
                Target target = open(id, sealed);
                if (vault.isOld(sealed)) {
                    Rows.execute(
                            database,
                            "update notification_channel set target = ? where id = ? and target = ?",
                            seal(id, target),
                            id,
                            sealed);
                }
            } catch (Locked e) {
                closed.add("'%s' (%s)".formatted(row.getString("name"), e.getMessage()));
            }
        });
        if (closed.isEmpty()) {
            locked.over();
        } else {
            locked.say(
                    "These channels cannot be used: %s. Put that key behind the first, or give them their address anew"
                            .formatted(String.join(", ", closed)));
        }
    }

    Target open(UUID id, String sealed) {
        try {
            return Json.CIRCLECI.readValue(vault.open(sealed, purpose(id)), Target.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A channel's target is no JSON", e);
        }
    }

    private String seal(UUID id, Target target) {
        return vault.seal(Records.write(target), purpose(id));
    }

    private static String purpose(UUID id) {
        return "notification_channel " + id;
    }
}
