package dev.treering.security;

import java.security.MessageDigest;
import java.security.SecureRandom;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;

import dev.treering.support.Digests;
import dev.treering.support.Notice;
import dev.treering.support.Rows;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.toUnmodifiableSet;

/** The tokens that were given out: table {@code api_token}. They are looked up at every request, so that one revoked is over. */
@ApplicationScoped
public class Tokens {

    /** What each of our tokens begins with, so that it is known as one wherever it turns up. */
    static final String PREFIX = "trt_";

    private static final int RANDOM_BYTES = 32;
    private static final int MOST_LISTED = 1_000;
    private static final int MOST_MILLIS = 2_000;
    private static final Duration USE_IS_TOLD = Duration.ofMinutes(1);

    private final DataSource database;
    private final DataSource reads;
    private final Clock clock;
    private final Optional<byte[]> bootstrap;
    private final SecureRandom random = new SecureRandom();
    private final Notice untold = new Notice();
    private final Map<UUID, Instant> told = new ConcurrentHashMap<>();

    Tokens(
            DataSource database,
            @io.quarkus.agroal.DataSource("reads") DataSource reads,
            Clock clock,
            SecurityConfig config) {
        this.database = database;
        this.reads = reads;
        this.clock = clock;
        this.bootstrap = config.bootstrapToken().filter(text -> !text.isBlank()).map(Tokens::digest);
    }

    /** A token just made: the only time that its text is known. */
    public record Made(Token token, String text) {}

    /** @param projects null for all of them */
    public Made create(String name, List<String> scopes, Set<UUID> projects, Instant expiresAt, String by)
            throws SQLException {
        byte[] bits = new byte[RANDOM_BYTES];
        random.nextBytes(bits);
        String text = PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bits);
        Token token = new Token(UUID.randomUUID(), name, scopes, projects, clock.instant(), by, expiresAt, null, null);
        try (Connection connection = database.getConnection()) {
            Rows.execute(
                    connection,
                    "insert into api_token (id, name, digest, scopes, projects, created_at, created_by, expires_at)"
                            + " values (?, ?, ?, ?, ?, ?, ?, ?)",
                    token.id(),
                    name,
                    digest(text),
                    connection.createArrayOf("text", scopes.toArray()),
                    projects == null ? null : connection.createArrayOf("uuid", projects.toArray()),
                    time(token.createdAt()),
                    by,
                    expiresAt == null ? null : time(expiresAt));
        }
        return new Made(token, text);
    }

    /** All there ever were, newest first, a thousand at most. */
    public List<Token> list() throws SQLException {
        return find("order by created_at desc, id limit " + MOST_LISTED, null);
    }

    /** Those of the tokens that still hold. */
    public Set<UUID> holding(Set<UUID> ids) throws SQLException {
        Instant now = clock.instant();
        String[] texts = ids.stream().map(UUID::toString).toArray(String[]::new);
        return find("where id = any(?::uuid[])", texts).stream()
                .filter(token -> token.holds(now))
                .map(Token::id)
                .collect(toUnmodifiableSet());
    }

    /** From now on it is refused; false where there is none that holds. */
    public boolean revoke(UUID id) throws SQLException {
        return Rows.execute(
                        database,
                        "update api_token set revoked_at = ? where id = ? and revoked_at is null",
                        time(clock.instant()),
                        id)
                > 0;
    }

    /** Whether the text is a secret of this Treering, which must never leave it: the bootstrap token or one like ours. */
    public boolean isOurs(String text) {
        return text.startsWith(PREFIX) || isBootstrap(text);
    }

    // Digests have one length, so that neither the time nor the length of a guess tells how near it was.
    boolean isBootstrap(String text) {
        return bootstrap
                .filter(expected -> MessageDigest.isEqual(expected, digest(text)))
                .isPresent();
    }

    boolean hasBootstrap() {
        return bootstrap.isPresent();
    }

    /** The token with this text, if it still holds. */
    Optional<Token> used(String text) throws SQLException {
        Instant now = clock.instant();
        Optional<Token> found = find("where digest = ?", digest(text)).stream()
                .filter(token -> token.holds(now))
                .findFirst();
        found.filter(token -> isDue(token, now)).ifPresent(token -> tellUse(token, now));
        return found;
    }

    // One request of many at once, and none again soon where it could not be written.
    private boolean isDue(Token token, Instant now) {
        Instant before = now.minus(USE_IS_TOLD);
        return (token.lastUsedAt() == null || token.lastUsedAt().isBefore(before))
                && told.merge(token.id(), now, (last, next) -> last.isBefore(before) ? next : last)
                        .equals(now);
    }

    // Reads may go on at a replica while the server that is written to is away.
    private void tellUse(Token token, Instant now) {
        try {
            Rows.execute(database, "update api_token set last_used_at = ? where id = ?", time(now), token.id());
            untold.over();
        } catch (SQLException e) {
            untold.say("When tokens were used is not written down: " + e.getMessage());
        }
    }

    // The server that is written to knows at once what was revoked. While it is away, a replica may still know the
    // others.
    private List<Token> find(String condition, Object parameter) throws SQLException {
        try (Connection connection = database.getConnection()) {
            int usual = connection.getNetworkTimeout();
            connection.setNetworkTimeout(Runnable::run, MOST_MILLIS);
            try {
                return find(connection, condition, parameter);
            } finally {
                connection.setNetworkTimeout(Runnable::run, usual);
            }
        } catch (SQLException away) {
            try (Connection connection = reads.getConnection()) {
                return find(connection, condition, parameter);
            }
        }
    }

    private static List<Token> find(Connection connection, String condition, Object parameter) throws SQLException {
        List<Token> tokens = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement("select * from api_token " + condition)) {
            if (parameter != null) {
                statement.setObject(1, parameter);
            }
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    tokens.add(token(row));
                }
            }
        }
        return tokens;
    }

    private static Token token(ResultSet row) throws SQLException {
        Array projects = row.getArray("projects");
        return new Token(
                row.getObject("id", UUID.class),
                row.getString("name"),
                List.of((String[]) row.getArray("scopes").getArray()),
                projects == null ? null : Set.of((UUID[]) projects.getArray()),
                Rows.instant(row, "created_at"),
                row.getString("created_by"),
                Rows.instant(row, "expires_at"),
                Rows.instant(row, "last_used_at"),
                Rows.instant(row, "revoked_at"));
    }

    private static OffsetDateTime time(Instant time) {
        return time.atOffset(ZoneOffset.UTC);
    }

    private static byte[] digest(String text) {
        return Digests.sha256().digest(text.getBytes(UTF_8));
    }
}
