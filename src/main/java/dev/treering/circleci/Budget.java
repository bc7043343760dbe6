package dev.treering.circleci;

import java.net.http.HttpHeaders;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import javax.sql.DataSource;

import dev.treering.circleci.CircleCiException.Kind;
import dev.treering.support.Digests;
import dev.treering.support.Notice;
import dev.treering.support.Rows;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * The right to call CircleCI with our token, which all instances share: a row in PostgreSQL says whose it is at the moment
 * and until when nobody may use it. A pause is what CircleCI asked for, or, when it does not answer or rejects the token,
 * what we give it: then one call finds out whether it is over, and not every task for itself.
 */
final class Budget {

    private static final String TOKEN_REJECTED = "token rejected";
    static final String RATE_LIMITED = "rate limited";
    private static final int MOST_FORBIDDEN = 3;

    private final DataSource database;
    private final CircleCiConfig config;
    private final Clock clock;
    private final String holder = UUID.randomUUID().toString();
    private final Notice notice = new Notice();
    private volatile Instant heldUntil = Instant.EPOCH;
    private volatile Instant pausedUntil = Instant.EPOCH;
    private volatile String problem;
    private volatile double remaining = Double.NaN;
    private volatile boolean left;
    private volatile boolean unshared;
    private int failures;
    // A 403 may be about the token or about one project; it was the project if others could be read after a pause.
    private boolean trusted;
    private int forbidden;

    Budget(DataSource database, CircleCiConfig config, Clock clock) {
        this.database = database;
        this.config = config;
        this.clock = clock;
    }

    Instant pausedUntil() {
        return pausedUntil;
    }

    String problem() {
        return problem;
    }

    /** Why nobody calls now. */
    enum Reason {
        RATE_LIMITED,
        TOKEN_REJECTED,
        NO_ANSWER;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Null when calls may be made. */
    Reason reason() {
        if (!clock.instant().isBefore(pausedUntil)) {
            return null;
        }
        String said = problem;
        return said == null || said.equals(RATE_LIMITED)
                ? Reason.RATE_LIMITED
                : said.equals(TOKEN_REJECTED) ? Reason.TOKEN_REJECTED : Reason.NO_ANSWER;
    }

    /** Calls that CircleCI said were left, at its last word; NaN where it did not say. */
    double remaining() {
        return remaining;
    }

    /** Whether calls may be made now, by this instance. */
    boolean open() throws SQLException {
        if (unshared) {
            share();
        }
        if (left || clock.instant().isBefore(pausedUntil)) {
            return false;
        }
        return clock.instant().plus(config.lease().dividedBy(2)).isBefore(heldUntil) || take();
    }

    /** Before each call. */
    void enter() throws CircleCiException {
        try {
            if (open()) {
                return;
            }
        } catch (SQLException e) {
            throw new CircleCiException(
                    Kind.LIMITED, "the database does not say whose turn it is", Duration.ofSeconds(1), e);
        }
        Duration left = Duration.between(clock.instant(), pausedUntil);
        throw new CircleCiException(
                Kind.LIMITED,
                left.isNegative() ? "another instance asks" : "nothing is asked before " + pausedUntil,
                left.isNegative() ? config.lease() : left,
                null);
    }

    /** Before somebody else's call with our token: our turn it need not be, but a pause is one for all. */
    void obey() throws CircleCiException {
        try (Connection connection = database.getConnection()) {
            hear(connection);
        } catch (SQLException e) {
            // What this instance was told itself still holds.
            notice.say("Whether CircleCI asked for a pause cannot be read: " + e.getMessage());
        }
        Duration left = Duration.between(clock.instant(), pausedUntil);
        if (left.compareTo(Duration.ZERO) > 0) {
            throw new CircleCiException(Kind.LIMITED, "nothing is asked before " + pausedUntil, left, null);
        }
    }

    /** After the answer to such a call: of what it says only the limits are about the token. */
    void overheard(int status, HttpHeaders headers) {
        Duration asked = Limits.pause(status, headers, clock.instant());
        if (!asked.isZero()) {
            pause(asked, status == 429 ? RATE_LIMITED : problem);
        }
    }

    /** Takes the lease or keeps it, and hears of the pause that another instance was told. */
    private boolean take() throws SQLException {
        Instant now = clock.instant();
        try (Connection connection = database.getConnection();
                PreparedStatement take = connection.prepareStatement("""
                        insert into api_budget as b (token_id, holder, leased_until)
                        values (?, ?, now() + ? * interval '1 millisecond')
                        on conflict (token_id) do update set holder = excluded.holder, leased_until = excluded.leased_until
                        where b.holder = excluded.holder or b.leased_until < now()
                        returning 1""")) {
            take.setString(1, tokenId());
            take.setString(2, holder);
            take.setLong(3, config.lease().toMillis());
            boolean held;
            try (ResultSet row = take.executeQuery()) {
                held = row.next();
            }
            hear(connection);
            heldUntil = held ? now.plus(config.lease()) : Instant.EPOCH;
            return held && !now.isBefore(pausedUntil);
        }
    }

    /** Of the pause that any instance was told. */
    private void hear(Connection connection) throws SQLException {
        try (PreparedStatement read = connection.prepareStatement("""
                select extract(epoch from paused_until - now()) * 1000, problem from api_budget
                where token_id = ?""")) {
            read.setString(1, tokenId());
            try (ResultSet row = read.executeQuery()) {
                if (row.next()) {
                    long pause = row.getLong(1);
                    if (pause > 0) {
                        pausedUntil = clock.instant().plusMillis(pause);
                    }
                    problem = row.getString(2);
                }
            }
        }
    }

    /** What whoever asks was last told, whatever the token; empty when nobody asks. */
    Optional<CircleCi.Pause> lastTold() throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement read = connection.prepareStatement("""
                        select paused_until, problem from api_budget
                        where greatest(leased_until, paused_until) > now() - interval '1 minute'
                        order by paused_until desc nulls last limit 1""");
                ResultSet row = read.executeQuery()) {
            return row.next()
                    ? Optional.of(new CircleCi.Pause(Rows.instant(row, "paused_until"), row.getString("problem")))
                    : Optional.empty();
        }
    }

    /** After each answer: what it means for the calls to come. */
    void heard(int status, HttpHeaders headers) {
        Limits.remaining(headers).ifPresent(left -> remaining = left);
        Duration asked = Limits.pause(status, headers, clock.instant());
        if (status == 401 || status == 403 && (!trusted || ++forbidden > MOST_FORBIDDEN)) {
            failures = 0;
            trusted = false;
            pause(config.rejectedPause(), TOKEN_REJECTED);
        } else if (status >= 500) {
            failed("CircleCI answered " + status, asked);
        } else {
            failures = 0;
            if (status == 200) {
                forbidden = 0;
                trusted |= TOKEN_REJECTED.equals(problem);
            }
            if (status == 429) {
                pause(asked, RATE_LIMITED);
            } else if (!asked.isZero() || problem != null && !clock.instant().isBefore(pausedUntil)) {
                notice.over();
                pause(asked, null);
            }
        }
    }

    /** No answer, or none that helps: often enough in a row, and all calls wait. */
    void failed(String reason, Duration asked) {
        int over = ++failures - config.breakerFailures();
        if (over >= 0) {
            long pause = Math.min(
                    config.breakerPause().toMillis() << Math.min(over, 20),
                    config.maxBreakerPause().toMillis());
            pause(Duration.ofMillis(Math.max(pause, asked.toMillis())), reason);
        } else if (!asked.isZero()) {
            pause(asked, reason);
        }
    }

    private synchronized void pause(Duration asked, String reason) {
        // Jitter goes on top: what CircleCI asked for is never undercut, and several teams do not come back at once.
        Duration pause = asked.plusMillis(
                (long) (asked.toMillis() * ThreadLocalRandom.current().nextDouble(0.1)));
        Instant until = clock.instant().plus(pause);
        pausedUntil = until.isAfter(pausedUntil) ? until : pausedUntil;
        problem = reason;
        if (reason != null) {
            notice.say("CircleCI: %s; one call will find out when that is over".formatted(reason));
        }
        unshared = true;
        try {
            share();
        } catch (SQLException e) {
            notice.say("The pause of the calls to CircleCI cannot be shared yet: " + e.getMessage());
        }
    }

    /** Tells the others, whoever's turn it is by now; that there is no pause only he may say whose turn it is. */
    private synchronized void share() throws SQLException {
        long pause = Duration.between(clock.instant(), pausedUntil).toMillis();
        Rows.execute(
                database,
                "update api_budget set paused_until = greatest(paused_until, now() + ? * interval '1 millisecond'),"
                        + " problem = ? where token_id = ? and (holder = ? or ?)",
                pause,
                problem,
                tokenId(),
                holder,
                pause > 0);
        unshared = false;
    }

    /** Leaves the right to the others at once and for good. */
    void release() throws SQLException {
        left = true;
        heldUntil = Instant.EPOCH;
        Rows.execute(
                database,
                "update api_budget set leased_until = now() where token_id = ? and holder = ?",
                tokenId(),
                holder);
    }

    /** A fingerprint: instances with the same token share its row, and another token begins with a clean one. */
    private String tokenId() {
        return HexFormat.of()
                .formatHex(Digests.sha256().digest(config.token().orElse("").getBytes(UTF_8)), 0, 8);
    }
}
